import { expect, test } from 'vitest'
import type { JsonObject } from '../domain/json.ts'
import { DEFAULTS, readOptions } from './options.ts'

test('what is not said has its default', () => {
  expect(readOptions({})).toEqual(DEFAULTS)
  const read = readOptions({ synchronous: true, health: { timeout: '250ms', rise: 1 }, edge: { keepAlive: false } })
  expect(read).toEqual({
    ...DEFAULTS,
    synchronous: true,
    health: { ...DEFAULTS.health, timeout: 0.25, rise: 1 },
    edge: { ...DEFAULTS.edge, keepAlive: false },
  })
})

test.each<[JsonObject, string]>([
  [{ syncronous: true }, 'no option syncronous'],
  [{ health: { tiemout: '1s' } }, 'no option health.tiemout'],
  [{ health: '1s' }, 'health is a mapping'],
  [{ health: { timeout: 1 } }, 'health.timeout is a length of time'],
  [{ health: { fall: 0 } }, 'health.fall is a whole number'],
  [{ synchronous: 'yes' }, 'synchronous is true or false'],
  [{ edge: { prefer: 'mars' } }, 'edge.prefer is eu or us'],
])('%j is refused by name', (options, words) => {
  expect(() => readOptions(options)).toThrow(words)
})
