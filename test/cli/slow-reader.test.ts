import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ended, place, start } from './program.ts'

test('who reads late reads everything: more than a pipe holds', async () => {
  using at = place()
  const child = start(['catalog', '--json'], { cwd: at.folder, env: at.env })
  await pause(1_000)
  const { code, stdout } = await ended(child)
  expect(code).toBe(0)
  expect(stdout.length).toBeGreaterThan(150_000)
  expect(() => JSON.parse(stdout)).not.toThrow()
})
