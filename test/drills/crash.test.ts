import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DrillEvent } from '../../src/domain/event.ts'
import { eventsOf, journalOf, type Place, place, type Running, recordOf, run, start, until } from '../kit/cli.ts'
import { pauseExperiment } from '../kit/pause.ts'
import { type Service, service, stateOf } from '../kit/service.ts'

/** Every kind of entry that a drill of this experiment writes, in order: firedrill is killed as soon as one shows. */
const STEPS: readonly DrillEvent['kind'][] = [
  'drill.opened',
  'gate',
  'fault.intent',
  'fault.injected',
  'effect',
  'fault.ending',
  'undo.began',
  'undo.ended',
  'drill.closed',
]

async function begin(at: Place, target: Service, options: Parameters<typeof pauseExperiment>[2] = {}) {
  const file = pauseExperiment(at, target, options)
  const running = start(['run', file, '--yes', '--out', at.out], at.env)
  return { running, reached: (kind: DrillEvent['kind']) => until(`${kind} in the journal`, () => eventsOf(at.out, kind).length > 0) }
}

const notStopped = (target: Service) => until('the service is no longer stopped', () => target.state() !== 'T', 10)

function undoneOnce(out: string): void {
  const undone = eventsOf(out, 'undo.ended').filter(({ state }) => state === 'undone')
  expect(undone.length).toBeLessThanOrEqual(eventsOf(out, 'fault.intent').length)
}

describe('SIGKILL of firedrill', () => {
  test.each(STEPS)('right after %s: the watchdog leaves nothing broken', async (kind) => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target)
    await reached(kind)
    process.kill(running.pid, 'SIGKILL')
    await running.ended
    await notStopped(target)
    await until('the journal is closed', () => eventsOf(at.out, 'drill.closed').length > 0, 20)
    undoneOnce(at.out)
    await until('there is a report', () => existsSync(join(at.out, 'report.json')), 10)
    expect(target.state()).not.toBe('T')
  })

  test('with its whole process group', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '20s' })
    await reached('effect')
    expect(target.state()).toBe('T')
    process.kill(-running.pid, 'SIGKILL')
    await notStopped(target)
    await until('the journal is closed', () => eventsOf(at.out, 'drill.closed').length > 0)
    const record = await until('there is a report', () => (existsSync(join(at.out, 'report.json')) ? recordOf(at.out) : null))
    expect(record).toMatchObject({ verdict: 'aborted', exit: 3 })
  })
})

/** The watchdog's pid, as the system knows it: the child of firedrill that runs its entry. */
function watchdogOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  const found = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('watchdog-main'))
  if (found === undefined) throw new Error('firedrill has no watchdog')
  return found
}

/** Neither may see the other die: firedrill is stopped first. */
async function killBoth(running: Running): Promise<void> {
  const watchdog = watchdogOf(running.pid)
  process.kill(running.pid, 'SIGSTOP')
  process.kill(watchdog, 'SIGKILL')
  process.kill(running.pid, 'SIGKILL')
  await running.ended
  await until('the watchdog is gone', () => stateOf(watchdog) === 'gone' || stateOf(watchdog) === 'Z')
}

const runOf = (at: Place): string => eventsOf(at.out, 'drill.opened')[0]?.run ?? ''

async function undoByHand(at: Place): Promise<void> {
  const { code, stderr } = await run(['undo', '--run', runOf(at)], at.env)
  expect(code, stderr).toBe(0)
}

describe('both dead', () => {
  test('undo --run puts back what they left, once', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '30s' })
    await reached('effect')
    await killBoth(running)
    expect(target.state()).toBe('T')

    const status = await run(['status', '--json'], at.env)
    expect(status.stdout).toContain(runOf(at))
    await undoByHand(at)
    await notStopped(target)
    await undoByHand(at)
    undoneOnce(at.out)
  })

  test('a torn last line of the journal is kept and changes nothing', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '30s' })
    await reached('effect')
    await killBoth(running)
    const file = join(at.out, 'journal.ndjson')
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"seq":99,"at":12.3,"prev":"ab`)
    await undoByHand(at)
    await notStopped(target)
    const seqs = journalOf(at.out).map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => index))
    undoneOnce(at.out)
  })
})

describe('hung', () => {
  test('SIGSTOP for longer than the lease: undone, and nothing more is injected after SIGCONT', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '30s' })
    await reached('effect')
    process.kill(running.pid, 'SIGSTOP')
    await notStopped(target)
    const injected = eventsOf(at.out, 'fault.injected').length
    try {
      process.kill(running.pid, 'SIGCONT')
    } catch {
      // Already killed by the watchdog, which is the point.
    }
    const { signal } = await running.ended
    expect(signal).toBe('SIGKILL')
    await until('the journal is closed', () => eventsOf(at.out, 'drill.closed').length > 0)
    await until('there is a report', () => existsSync(join(at.out, 'report.json')))
    expect(eventsOf(at.out, 'fault.injected').length).toBe(injected)
    expect(target.state()).not.toBe('T')
  })
})

describe('Ctrl-C', () => {
  test('before the first mutation: refused, nothing was injected', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { hold: '20s' })
    await reached('phase')
    process.kill(running.pid, 'SIGINT')
    const { code } = await running.ended
    expect(code).toBe(4)
    expect(eventsOf(at.out, 'fault.intent')).toEqual([])
  })

  test('in mid-drill: aborted and undone', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '30s' })
    await reached('effect')
    process.kill(running.pid, 'SIGINT')
    const { code, stderr } = await running.ended
    expect(code, stderr).toBe(3)
    expect(target.state()).not.toBe('T')
    expect(recordOf(at.out)).toMatchObject({ verdict: 'aborted', faults: [{ undo: { state: 'undone', verified: true } }] })
  })

  test('stop from another terminal does the same', async () => {
    using at = place()
    await using target = await service()
    const { running, reached } = await begin(at, target, { for: '30s' })
    await reached('effect')
    const stop = await run(['stop', runOf(at)], at.env)
    expect(stop.code, stop.stderr).toBe(0)
    expect((await running.ended).code).toBe(3)
    expect(target.state()).not.toBe('T')
  })
})
