import type { Json } from '../../domain/json.ts'
import { atPath, parseJsonPath } from '../../platforms/net/json-path.ts'
import type { HttpNode } from './spec.ts'

/** The records in a node's answer, duplicates included. Throws when something in the list is no record: a set that was half read is no set. */
export function recordsOf(answer: Json, node: Pick<HttpNode, 'list' | 'writer' | 'seq'>): readonly { writer: number; seq: number }[] {
  const list = atPath(answer, parseJsonPath(node.list) ?? [])
  if (!Array.isArray(list)) throw new Error(`there is no list at ${node.list}`)
  return list.map((item: Json) => {
    const record = typeof item === 'string' ? fromText(item) : fromObject(item, node)
    if (!record) throw new Error(`the list holds something that is no record: ${JSON.stringify(item).slice(0, 60)}`)
    return record
  })
}

function fromText(text: string): { writer: number; seq: number } | undefined {
  const match = /(\d+)\D(\d+)$/.exec(text)
  return match ? { writer: Number(match[1]), seq: Number(match[2]) } : undefined
}

function fromObject(item: Json, node: Pick<HttpNode, 'writer' | 'seq'>): { writer: number; seq: number } | undefined {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return undefined
  const fields = new Map(Object.entries(item))
  const [writer, seq] = [fields.get(node.writer), fields.get(node.seq)].map((value) =>
    value === undefined || value === '' ? Number.NaN : Number(value),
  )
  return Number.isInteger(writer) && Number.isInteger(seq) ? { writer: writer ?? 0, seq: seq ?? 0 } : undefined
}
