import { refused } from '../../domain/error.ts'
import type { UndoState } from '../../domain/undo.ts'
import { EXIT } from '../../domain/verdict.ts'
import { type RunStatus, statusOf } from '../../engine/home/runs.ts'
import { abandonedRuns, undoByHand } from '../../engine/undo/by-hand.ts'
import { registry } from '../../registry/index.ts'
import { askOnTerminal } from '../drill/consent.ts'
import { writeReports } from '../drill/judge.ts'
import { homeFolder } from '../host/home.ts'
import { ownSignals } from '../host/posix-signals.ts'
import type { Paint } from '../host/terminal.ts'
import { renderStatus } from './status.ts'

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
  readonly yes: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly asks: boolean
  readonly paint: Paint
  readonly show: (text: string) => void
  readonly progress: (text: string) => void
}

async function chosen(home: string, input: UndoInput): Promise<readonly RunStatus[]> {
  if (input.run !== undefined) return [await statusOf(home, input.run)]
  const all = await abandonedRuns(home)
  if (input.expired || all.length === 0) return all
  input.show(renderStatus(all, input.paint))
  if (input.yes) return all
  if (!input.asks)
    throw refused('Nobody can be asked here.', 'CONSENT_NEEDED', [
      'firedrill undo --expired',
      ...all.map(({ info }) => `firedrill undo --run ${info.run}`),
    ])
  const answer = (await askOnTerminal('Put all of this back? [y/N] ')).trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') throw refused('Nothing was undone.', 'NOT_APPROVED', ['firedrill status'])
  return all
}

async function undoOne(home: string, { info }: RunStatus, input: UndoInput): Promise<UndoJson['runs'][number]> {
  input.progress(`${info.run}: undoing …`)
  const { results, exit } = await undoByHand(info.run, {
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
  return { run: info.run, exit, undone }
}

function shown({ run, exit, undone }: UndoJson['runs'][number]): string {
  const lines = undone.map(({ fault, target, state, verified, detail, command }) => {
    const hand = state === 'failed' ? `\n    by hand: ${command}` : ''
    return `  ${fault} on ${target}: ${state}, ${verified ? 'read back' : 'not verified'}: ${detail}${hand}`
  })
  const end = exit === EXIT.held ? 'nothing of this run is faulted' : 'something of this run is still faulted'
  return [`${run}: ${end}`, ...lines].join('\n')
}

/** Undoes one run, or every abandoned one; one that fails does not stop the others. Signals wait until it is done. */
export async function undoCommand(input: UndoInput): Promise<UndoJson> {
  const home = homeFolder(input.env)
  const runs = await chosen(home, input)
  if (runs.length === 0) input.show('Nothing is faulted.')
  using _ = ownSignals({
    stop: () => input.progress('undoing is not cut off; a third Ctrl-C leaves all the same'),
    explain: () => input.progress('still undoing'),
    force: () => process.exit(EXIT['undo-failed']),
    crashed: (error) => input.progress(String(error)),
  })
  const done: UndoJson['runs'][number][] = []
  for (const status of runs) {
    const one = await undoOne(home, status, input)
    input.show(shown(one))
    done.push(one)
  }
  return { runs: done, exit: done.some(({ exit }) => exit !== EXIT.held) ? EXIT['undo-failed'] : EXIT.held }
}
