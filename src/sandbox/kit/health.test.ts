import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seconds } from '../../domain/time.ts'
import { type Health, watchHealth } from './health.ts'

const cadence = { every: seconds(0.01), timeout: seconds(1), fall: 3, rise: 2 }

/** Answers by the script, then as its last entry. Records what was decided after how many checks. */
function scripted(script: readonly boolean[]) {
  let checks = 0
  const changes: { readonly up: boolean; readonly after: number }[] = []
  const check = async (): Promise<void> => {
    const good = script[Math.min(checks++, script.length - 1)]
    if (good !== true) throw new Error('no')
  }
  const watch = watchHealth(cadence, check, ({ up }: Health) => changes.push({ up, after: checks }))
  return { changes, watch }
}

test('up at the first success ever, down after `fall` failures in a row, up again after `rise` successes in a row', async () => {
  const { changes, watch } = scripted([false, false, true, false, false, true, false, false, false, true, false, true, true])
  expect(watch.state()).toMatchObject({ known: false, up: false })
  await sleep(400)
  expect(changes).toEqual([
    { up: true, after: 3 },
    { up: false, after: 9 },
    { up: true, after: 13 },
  ])
  watch.reset()
  expect(watch.state().known).toBe(false)
})
