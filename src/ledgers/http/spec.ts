import type { Json } from '../../domain/json.ts'
import { choice, count, list, mapOf, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { httpFields, httpOptionals, httpUrl } from '../../platforms/net/http-fields.ts'
import { JSON_PATH } from '../../platforms/net/json-path.ts'

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const
const method = (fallback: (typeof METHODS)[number], doc: string) => withDefault(choice(METHODS, { doc }), fallback)

const writeShape = object(
  { url: httpUrl, ...httpFields, method: method('POST', 'Default POST.') },
  {
    ...httpOptionals,
    status: list(count({ min: 100, max: 599 }), { min: 1, doc: 'Statuses that acknowledge; default any of 200 to 299.' }),
    node: text({ doc: 'The header of the answer that names the node which acknowledged.' }),
  },
  {
    doc: 'One write. `{run}`, `{writer}` and `{seq}` are replaced in the address, the headers and the body; in a JSON body they become numbers.',
  },
)

const readFrom = object(
  { url: httpUrl, ...httpFields },
  { ...httpOptionals },
  { doc: 'A request that only a node which takes writes answers with a status of 200 to 299.' },
)

const nodeShape = object(
  {
    url: httpUrl,
    ...httpFields,
    list: withDefault(
      text({ pattern: JSON_PATH, what: 'a JSON path', interpolate: false, doc: 'Where the list is; default the whole answer.' }),
      '$',
    ),
    writer: withDefault(text({ doc: "The field with the writer's number." }), 'writer'),
    seq: withDefault(text({ doc: "The field with the record's number." }), 'seq'),
  },
  { ...httpOptionals, writable: readFrom },
  { doc: 'How one node is read: a JSON list of objects, or of texts such as `3-17`, with every record of `{run}`.' },
)

const removeShape = object(
  { url: httpUrl, ...httpFields, method: method('DELETE', 'Default DELETE.') },
  { ...httpOptionals },
  { doc: 'A request that removes what was written.' },
)

export const httpLedgerShape = object(
  { write: writeShape, nodes: mapOf(nodeShape, { min: 1, doc: 'Every node that is read back, by name.' }) },
  { remove: list(removeShape, { min: 1, doc: 'Sent in this order at the end; without it the records stay and are reported.' }) },
)

export type HttpLedgerSpec = Of<typeof httpLedgerShape>
export type HttpNode = Of<typeof nodeShape>
export type HttpWrite = Of<typeof writeShape>

export interface Blanks {
  readonly run: string
  readonly writer?: number
  readonly seq?: number
}

const fill = (of: string, { run, writer, seq }: Blanks): string =>
  of
    .replaceAll('{run}', run)
    .replaceAll('{writer}', String(writer ?? ''))
    .replaceAll('{seq}', String(seq ?? ''))

function fillJson(of: Json, blanks: Blanks): Json {
  if (of === '{writer}') return blanks.writer ?? null
  if (of === '{seq}') return blanks.seq ?? null
  if (typeof of === 'string') return fill(of, blanks)
  if (Array.isArray(of)) return of.map((one: Json) => fillJson(one, blanks))
  if (of === null || typeof of !== 'object') return of
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [fill(key, blanks), fillJson(value as Json, blanks)]))
}

type Fillable = Pick<HttpWrite, 'url' | 'headers' | 'body'>

/** The request with its blanks filled in; secrets stay references. */
export function filled<T extends Fillable>(of: T, blanks: Blanks): T {
  const headers = Object.entries(of.headers).map(([name, value]) => [name, typeof value === 'string' ? fill(value, blanks) : value])
  const { text: plain, json } = of.body ?? {}
  return {
    ...of,
    url: fill(of.url, blanks),
    headers: Object.fromEntries(headers),
    ...(of.body === undefined
      ? {}
      : {
          body: {
            ...of.body,
            ...(plain === undefined ? {} : { text: fill(plain, blanks) }),
            ...(json === undefined ? {} : { json: fillJson(json, blanks) }),
          },
        }),
  }
}
