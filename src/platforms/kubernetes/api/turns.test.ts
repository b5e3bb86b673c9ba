import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

const NEVER = new AbortController().signal

test('never more at once than there may be, in the order in which they came', async () => {
  const turns = createTurns(3)
  const order: number[] = []
  let now = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const end = await turns.take(NEVER)
      order.push(i)
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 1))
      now -= 1
      end()
    }),
  )
  expect(most).toBe(3)
  expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
})

test('who gives up while waiting takes nobody’s turn', async () => {
  const turns = createTurns(1)
  const end = await turns.take(NEVER)
  const impatient = new AbortController()
  const waiting = turns.take(impatient.signal)
  const next = turns.take(NEVER)
  impatient.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(turns.take(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  end()
  ;(await next)()
  ;(await turns.take(NEVER))()
})
