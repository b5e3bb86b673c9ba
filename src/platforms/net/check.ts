import { isDeepStrictEqual } from 'node:util'
import { refused } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import { anyJson, either, flag, list, mapOf, number, type Of, object, text } from '../../domain/shape.ts'
import { atPath, JSON_PATH, parseJsonPath } from './json-path.ts'

const pathShape = text({ pattern: JSON_PATH, what: 'a JSON path such as $.a.b[0]', interpolate: false, examples: ['$.model_version'] })

/** What a value must be. Every field that is given must hold. */
const valueFields = {
  equals: anyJson({ doc: 'The value itself.' }),
  exists: flag({ doc: 'Whether it is there at all.' }),
  contains: text({ doc: 'A part of the text.' }),
  matches: text({ doc: 'A regular expression that the text holds.', interpolate: false }),
  min: number({ doc: 'A number at least this.' }),
  max: number({ doc: 'A number at most this.' }),
}

export const jsonChecks = list(object({ path: pathShape }, valueFields), { doc: 'What must stand where in a JSON answer.' })
export const headerChecks = mapOf(either(text({ doc: 'The exact value.' }), object({}, valueFields)), {
  key: 'text',
  doc: 'What headers of the answer must be.',
  examples: ['{x-region: us}'],
})
export const textCheck = (doc: string) =>
  object({}, { contains: valueFields.contains, matches: valueFields.matches, equals: text({ doc: 'The whole text.' }) }, { doc })

type ValueCheck = Omit<Of<typeof jsonChecks>[number], 'path'>
/** True when `value` (undefined: it is not there) is as it must be. */
export type Check = (value: Json | undefined) => boolean

/** Compiled once. Throws a DrillError when the regular expression is none. A check without any field asks for existence. */
export function valueCheck(of: ValueCheck): Check {
  const pattern = of.matches === undefined ? undefined : compile(of.matches)
  const wantsAbsence = of.exists === false
  return (value) => {
    if (value === undefined) return wantsAbsence
    if (wantsAbsence) return false
    if (of.equals !== undefined && !same(value, of.equals)) return false
    if (of.contains !== undefined && !asText(value).includes(of.contains)) return false
    if (pattern && !pattern.test(asText(value))) return false
    if (of.min === undefined && of.max === undefined) return true
    const amount = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
    return amount >= (of.min ?? Number.NEGATIVE_INFINITY) && amount <= (of.max ?? Number.POSITIVE_INFINITY)
  }
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch (error) {
    throw refused(`${source} is not a regular expression`, 'BAD_PATTERN', [], error)
  }
}

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))
/** A header's value is text whatever it looks like: `equals: 1` fits `"1"`. */
const same = (value: Json, wanted: Json): boolean =>
  isDeepStrictEqual(value, wanted) || (typeof value === 'string' && typeof wanted === 'number' && value === String(wanted))

/** True when everything in the list holds of a JSON text; a text that is no JSON holds nothing. */
export function jsonCheck(of: Of<typeof jsonChecks>): (body: string) => boolean {
  const checks = of.map(({ path, ...rest }) => {
    const steps = parseJsonPath(path)
    if (!steps) throw refused(`${path} is not a JSON path such as $.a.b[0]`, 'BAD_PATH')
    return { steps, holds: valueCheck(rest) }
  })
  return (body) => {
    const value = parse(body)
    return value !== undefined && checks.every(({ steps, holds }) => holds(atPath(value, steps)))
  }
}

function parse(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json
  } catch {
    return undefined
  }
}

export function headerCheck(
  of: Of<typeof headerChecks>,
): (headers: Readonly<Record<string, string | readonly string[] | undefined>>) => boolean {
  const checks = Object.entries(of).map(([name, check]) => ({
    name: name.toLowerCase(),
    holds: valueCheck(typeof check === 'string' ? { equals: check } : check),
  }))
  return (headers) =>
    checks.every(({ name, holds }) => {
      const value = headers[name]
      return holds(Array.isArray(value) ? value.join(', ') : value)
    })
}
