import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readReads, readWrites } from './ledger-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'ledger-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileOf = (text: string): string => {
  const file = join(folder, `${Math.abs(text.length)}.csv`)
  writeFileSync(file, text)
  return file
}
const HEADER = 'writer,seq,invoked_us,ended_us,outcome,code,node\n'

test('attempts come back as columns; a torn last line is left out', () => {
  const file = fileOf(`${HEADER}0,1,-5,1200,ok,,eu\n1,1,20,300020,info,timeout,\n0,2,300000,300000,missed,busy,\n0,3,40`)
  const [block, ...others] = [...readWrites(file)]
  expect(others).toEqual([])
  expect(block).toMatchObject({ length: 3, node: ['eu', '', ''] })
  expect([...(block?.seq ?? [])]).toEqual([1, 1, 2])
  expect([...(block?.invoked ?? [])]).toEqual([-5, 20, 300_000])
  expect([...(block?.outcome ?? [])]).toEqual([0, 2, 3])
})

test('a file longer than one read comes in blocks with nothing lost between them', () => {
  const count = 200_000
  const file = fileOf(`writer,seq\n${Array.from({ length: count }, (_, i) => `${i % 7},${i}\n`).join('')}`)
  const blocks = [...readReads(file)]
  expect(blocks.length).toBeGreaterThan(1)
  const seqs = blocks.flatMap((block) => [...block.seq])
  expect(seqs).toHaveLength(count)
  expect(seqs.every((seq, i) => seq === i)).toBe(true)
})

test.each([
  ['another header', 'writer,seq\n0,1\n'],
  ['an unknown outcome', `${HEADER}0,1,0,1,perhaps,,\n`],
  ['a cell too many', `${HEADER}0,1,0,1,ok,,eu,\n`],
  ['no number', `${HEADER}0,x,0,1,ok,,eu\n`],
])('%s is damage, not data', (_, text) => {
  expect(() => [...readWrites(fileOf(text))]).toThrow(expect.objectContaining({ code: 'LEDGER_FILE_DAMAGED' }))
})

test('an empty file, and one torn in its header, hold nothing', () => {
  expect([...readWrites(fileOf(''))]).toEqual([])
  expect([...readWrites(fileOf('writer,se'))]).toEqual([])
})
