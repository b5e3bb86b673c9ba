import { usage } from '../../domain/error.ts'
import type { Json, JsonObject } from '../../domain/json.ts'

/** `--set name=value`, last one wins. Throws (usage) for one without a name. */
export function parseSets(sets: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sets.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`--set ${text}: write --set name=value.`, 'SET_SYNTAX')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** `name=value` with the value read as JSON where it is JSON (`true`, `5`), else as text. */
export const parseOptions = (options: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(parseSets(options)).map(([name, value]) => [name, jsonOr(value)]))

function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
