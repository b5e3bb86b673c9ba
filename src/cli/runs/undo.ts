import type { UndoStore } from '../../contracts/undo-store.ts'
import { refused } from '../../domain/error.ts'
import type { UndoState } from '../../domain/undo.ts'
import { EXIT } from '../../domain/verdict.ts'
import { type RunStatus, readRun, statusOf } from '../../engine/home/runs.ts'
import { abandonedRuns, type ByHand, undoByHand, undoFromStore } from '../../engine/undo/by-hand.ts'
import { isExpired, type RunInStore } from '../../engine/undo/in-store.ts'
import type { Rescue } from '../../engine/undo/rescue/rescue.ts'
import { registry } from '../../registry/index.ts'
import { askOnTerminal } from '../drill/consent.ts'
import { writeReports } from '../drill/judge.ts'
import { homeFolder } from '../host/home.ts'
import { ownSignals } from '../host/posix-signals.ts'
import type { Paint } from '../host/terminal.ts'
import { renderStatus } from './status.ts'
import { isLeft, lookInto, openStores, renderInStore, THIS_MACHINE_ONLY } from './stores.ts'

export interface UndoJson {
  readonly runs: readonly {
    readonly run: string
    readonly exit: number
    readonly undone: readonly {
      readonly id: string
      readonly fault: string
      readonly target: string
      readonly state: UndoState
      readonly verified: boolean
      readonly detail: string
      readonly command: string
    }[]
  }[]
  readonly exit: number
}

export interface UndoInput {
  readonly run: string | undefined
  readonly expired: boolean
  /** Stores to look into besides this machine. */
  readonly stores: readonly string[]
  readonly yes: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly asks: boolean
  readonly paint: Paint
  readonly show: (text: string) => void
  readonly progress: (text: string) => void
}

/** One run in one place that is to be undone. */
interface Job {
  readonly run: string
  undo(deps: ByHand): Promise<Rescue>
}

const hereJob = ({ info }: RunStatus): Job => ({ run: info.run, undo: (deps) => undoByHand(info.run, deps) })
const storeJob = (run: string, store: UndoStore, unattended = false): Job => ({
  run,
  undo: (deps) => undoFromStore(run, store, deps, unattended),
})

async function jobsOf(home: string, input: UndoInput): Promise<readonly Job[]> {
  const { run } = input
  const stores = await openStores(input.stores, input.env)
  if (run !== undefined) return jobsOfRun(home, run, stores)
  const here = await abandonedRuns(home)
  const found = (await lookInto(stores)).flat()
  const there = found.filter(input.expired ? isExpired : isLeft)
  const all = [...here.map(hereJob), ...there.map((each) => storeJob(each.run, each.store, input.expired))]
  if (!input.expired && all.length > 0) await approve(here, there, input)
  return all
}

/** Here first, where its journal is; in a store what is left of it then. */
async function jobsOfRun(home: string, run: string, stores: readonly UndoStore[]): Promise<readonly Job[]> {
  const elsewhere = stores.map((store) => storeJob(run, store))
  const known = await readRun(home, run).then(
    () => true,
    (error: unknown) => {
      if (stores.length > 0) return false
      throw error
    },
  )
  return known ? [hereJob(await statusOf(home, run)), ...elsewhere] : elsewhere
}

async function approve(here: readonly RunStatus[], there: readonly RunInStore[], input: UndoInput): Promise<void> {
  if (here.length > 0) input.show(renderStatus(here, input.paint))
  for (const each of there) input.show(renderInStore(each, input.paint))
  if (input.yes) return
  if (!input.asks)
    throw refused('Nobody can be asked here.', 'CONSENT_NEEDED', [
      `firedrill undo --expired${input.stores.map((where) => ` --store ${where}`).join('')}`,
      ...here.map(({ info }) => `firedrill undo --run ${info.run}`),
      ...there.map(({ run, store }) => `firedrill undo --run ${run} --store ${store.where}`),
    ])
  const answer = (await askOnTerminal('Put all of this back? [y/N] ')).trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') throw refused('Nothing was undone.', 'NOT_APPROVED', ['firedrill status'])
}

async function undoOne(home: string, job: Job, input: UndoInput): Promise<UndoJson['runs'][number]> {
  input.progress(`${job.run}: undoing …`)
  const { results, exit } = await job.undo({
    home,
    registry,
    env: input.env,
    log: (text) => input.progress(`  ${text}`),
    // The journal has its end now: the folder gets the reports that the dead process could not write.
    finish: async (out) => void writeReports(out, registry),
  })
  const undone = results.map(({ record, outcome }) => {
    const { id, fault, target, command } = record
    return { id, fault, target, command, state: outcome.state, verified: outcome.verified, detail: outcome.detail }
  })
  return { run: job.run, exit, undone }
}

function shown({ run, exit, undone }: UndoJson['runs'][number]): string {
  const lines = undone.map(({ fault, target, state, verified, detail, command }) => {
    const hand = state === 'failed' ? `\n    by hand: ${command}` : ''
    return `  ${fault} on ${target}: ${state}, ${verified ? 'read back' : 'not verified'}: ${detail}${hand}`
  })
  const end = exit === EXIT.held ? 'nothing of this run is faulted' : 'something of this run is still faulted'
  return [`${run}: ${end}`, ...lines].join('\n')
}

/** Something of it is faulted, and was not put back through another place where its record was found too (the store's own connection). */
function isLeftBy({ run, exit, undone }: UndoJson['runs'][number], all: UndoJson['runs']): boolean {
  if (exit === EXIT.held) return false
  const failed = undone.filter(({ state }) => state === 'failed')
  const back = new Set(
    all
      .filter((each) => each.run === run)
      .flatMap((each) => each.undone.filter(({ state }) => state !== 'failed'))
      .map(({ id }) => id),
  )
  return failed.length === 0 || failed.some(({ id }) => !back.has(id))
}

function nothingToDo({ expired, stores }: UndoInput): string {
  const what = expired && stores.length > 0 ? 'Nothing that is faulted is overdue.' : 'Nothing is faulted.'
  return stores.length > 0 ? what : `${what} ${THIS_MACHINE_ONLY}`
}

/** Undoes one run, or every abandoned one; one that fails does not stop the others. Signals wait until it is done. */
export async function undoCommand(input: UndoInput): Promise<UndoJson> {
  const home = homeFolder(input.env)
  const jobs = await jobsOf(home, input)
  if (jobs.length === 0) input.show(nothingToDo(input))
  using _ = ownSignals({
    stop: () => input.progress('undoing is not cut off; a third Ctrl-C leaves all the same'),
    explain: () => input.progress('still undoing'),
    force: () => process.exit(EXIT['undo-failed']),
    crashed: (error) => input.progress(String(error)),
  })
  const done: UndoJson['runs'][number][] = []
  for (const job of jobs) {
    const one = await undoOne(home, job, input)
    input.show(shown(one))
    done.push(one)
  }
  return { runs: done, exit: done.some((one) => isLeftBy(one, done)) ? EXIT['undo-failed'] : EXIT.held }
}
