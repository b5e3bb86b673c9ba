import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../contracts/clock.ts'
import type { DrillEvent, JournalEntry } from '../../domain/event.ts'
import { instant } from '../../domain/time.ts'
import { bootId } from '../lease/identity.ts'
import { openJournal } from './journal.ts'
import { parseJournal, readJournal } from './read.ts'
import { takeOver } from './take-over.ts'

const clock = systemClock(process.hrtime.bigint())
const note = (text: string): DrillEvent => ({ kind: 'note', text })
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const path = (): string => join(folder, 'out', 'journal.ndjson')

async function written(texts: readonly string[]): Promise<Buffer> {
  const journal = await openJournal(path(), { clock })
  for (const text of texts) journal.append(note(text))
  await journal.close()
  return readFileSync(path())
}

test('entries keep the order of the calls, are chained, and reach the listener as they are in the file', async () => {
  const heard: JournalEntry[] = []
  const journal = await openJournal(path(), { clock, onEntry: (entry) => heard.push(entry) })
  journal.append(note('first'))
  await Promise.all([journal.commit(note('second'), note('third')), journal.commit(note('fourth ☂'))])
  expect(readFileSync(path(), 'utf8').split('\n')).toHaveLength(5)
  journal.append(note('fifth'))
  await journal.close()
  await journal.close()
  const { entries, problems } = await readJournal(path())
  expect(problems).toEqual([])
  expect(entries).toEqual(heard)
  expect(entries.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4])
  expect(entries[0]?.prev).toBe('0'.repeat(64))
})

test('what is there already is not written over', async () => {
  await written(['mine'])
  await expect(openJournal(path(), { clock })).rejects.toMatchObject({ code: 'JOURNAL_CREATE', exit: 4 })
})

test('a change, a missing and a swapped entry each show at the entry where the chain breaks', async () => {
  const bytes = await written(['a', 'b', 'c', 'd'])
  const lines = bytes.toString().trimEnd().split('\n')
  const at = (changed: readonly string[]) =>
    parseJournal(Buffer.from(`${changed.join('\n')}\n`)).problems.map(({ kind, seq }) => `${kind} ${seq}`)
  expect(at(lines)).toEqual([])
  expect(at(lines.with(1, (lines[1] ?? '').replace('"b"', '"B"')))).toEqual(['broken 2'])
  expect(at(lines.toSpliced(1, 1))).toEqual(['broken 2'])
  expect(at([lines[0], lines[2], lines[1], lines[3]].map(String))).toEqual(['broken 2', 'broken 1', 'broken 3'])
  expect(at(lines.with(2, 'no entry'))).toEqual(['malformed null', 'broken 3'])
})

test('cut anywhere, it is read up to the last whole line, and taken over without a gap', async () => {
  const whole = await written(['one', 'two ☂☂☂', 'three'])
  const cuts = Array.from({ length: 40 }, (_, index) => whole.length - index * 7).filter((cut) => cut > 0)
  for (const cut of cuts) {
    writeFileSync(path(), whole.subarray(0, cut))
    const before = await readJournal(path())
    const { journal, read } = await takeOver(path())
    await journal.commit(note('gone on'))
    await journal.close()
    const after = await readJournal(path())
    expect(after.problems).toEqual([])
    const events = after.entries.map(({ event }) => event)
    expect(events.slice(0, before.entries.length)).toEqual(before.entries.map(({ event }) => event))
    expect(events.length - before.entries.length).toBe(read.torn.length > 0 ? 2 : 1)
    if (read.torn.length > 0) expect(tornIn(events.at(-2))).toEqual(read.torn)
  }
})

function tornIn(event: DrillEvent | undefined): Buffer {
  const data = event?.kind === 'note' ? (event.data as { torn?: string; tornBase64?: string }) : {}
  return data.torn === undefined ? Buffer.from(data.tornBase64 ?? '', 'base64') : Buffer.from(data.torn)
}

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { sound, torn } = parseJournal(Buffer.from(bytes))
      expect(sound + torn.length).toBe(bytes.length)
    }),
    { numRuns: 200 },
  )
})

test('taken over, it goes on on the clock that it was opened with; after a reboot, by wall time', async () => {
  const opened = (boot: string, ago: number): DrillEvent => ({
    kind: 'drill.opened',
    run: 'r',
    version: '0',
    title: '',
    experiment: { file: '', sha256: '' },
    plan: { hash: '' },
    origin: new Date(Date.now() - ago * 1000).toISOString(),
    monotonic: String(process.hrtime.bigint() - BigInt(60e9)),
    boot,
    environment: {},
    seed: 1,
  })
  for (const [event, now] of [[opened(bootId(), 500), 60] as const, [opened('another', 500), 500] as const]) {
    rmSync(join(folder, 'out'), { recursive: true, force: true })
    const journal = await openJournal(path(), { clock: { now: () => instant(0) } })
    await journal.commit(event)
    await journal.close()
    const taken = await takeOver(path())
    expect(Math.abs(taken.clock.now() - now)).toBeLessThan(2)
    await taken.journal.close()
  }
})

test.skipIf(process.platform !== 'linux')('a full disk: a commit says no, and nothing is lost once there is space again', () => {
  const script = `
    import { spawnSync } from 'node:child_process'
    import { openJournal } from '${new URL('./journal.ts', import.meta.url).href}'
    const journal = await openJournal(process.argv[1], { clock: { now: () => 0 } })
    const big = (text) => ({ kind: 'note', text: text.repeat(3000) })
    await journal.commit(big('a'))
    const no = async () => (await Promise.allSettled([journal.commit(big('b'))]))[0]
    const { status, reason } = await no()
    journal.append({ kind: 'note', text: 'kept' })
    const again = await no()
    const torn = (await import('node:fs')).readFileSync(process.argv[1]).at(-1) !== 10
    spawnSync('prlimit', ['--pid=' + process.pid, '--fsize=unlimited'])
    await journal.close()
    console.log(JSON.stringify({ status, code: reason?.code, exit: reason?.exit, next: reason?.next.length, again: again.status, torn }))`
  const file = join(folder, 'journal.ndjson')
  const shell = spawnSync('bash', ['-c', `ulimit -S -f 4; exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, script, file], {
    encoding: 'utf8',
  })
  const expected = { status: 'rejected', code: 'JOURNAL_WRITE', exit: 3, next: 1, again: 'rejected', torn: true }
  expect(JSON.parse(shell.stdout || JSON.stringify(shell.stderr))).toEqual(expected)
  const { entries, problems } = parseJournal(readFileSync(file))
  expect(problems).toEqual([])
  expect(entries.map(({ event }) => (event.kind === 'note' ? event.text.slice(0, 4) : ''))).toEqual(['aaaa', 'bbbb', 'kept', 'bbbb'])
})

test('entries that come faster than the disk takes them cost no more each', async () => {
  const journal = await openJournal(path(), { clock })
  const began = performance.now()
  for (let i = 0; i < 20_000; i++) journal.append(note(`entry ${i}`))
  const appended = performance.now() - began
  await journal.close()
  expect((await readJournal(path())).entries).toHaveLength(20_000)
  expect(appended).toBeLessThan(3000)
})
