import type { DrillEvent, EventOf } from '../domain/event.ts'
import { sayWhen } from './words.ts'

/** What an event of the journal says to a person, on a terminal and in a report alike. Times inside an event stand in its sentence. */
export function sentence(event: DrillEvent): string {
  switch (event.kind) {
    case 'drill.opened':
      return `The drill ${event.run} opens: ${event.title} (plan ${event.plan.hash.slice(0, 12)}, firedrill ${event.version}).`
    case 'drill.closed':
      return `The drill closes: ${event.verdict}, exit ${event.exit}. ${event.reason}`
    case 'phase':
      return `Phase ${event.phase} begins.`
    case 'gate':
      return event.held ? `The steady state holds: ${event.why}` : `The steady state does not hold, nothing was injected: ${event.why}`
    case 'load.full':
      return 'The load has reached its full rate.'
    case 'action.began':
      return `Action ${event.action} begins: ${event.call}`
    case 'action.ended':
      return `Action ${event.action} ${event.ok ? 'is done' : 'failed'}: ${event.detail}`
    case 'signal':
      return `Signal ${event.signal} (${event.stage}) is ${event.state} at ${sayWhen(event.at)}${tail(event.detail)}`
    case 'guardrail':
      return `Guardrail ${event.guardrail} ${event.why === 'breach' ? 'is breached' : 'sees nothing'}: ${event.detail}`
    case 'abort':
      return `The drill is aborted (${event.cause}): ${event.detail}`
    case 'judgeable':
      return `Watching the fault ends: ${ENDINGS.get(event.detail) ?? event.detail}.`
    case 'undo.began':
      return `Undo ${event.undo} begins.`
    case 'undo.ended':
      return undone(event)
    case 'lease.taken':
      return `The ${event.by} takes over the drill (epoch ${event.epoch}): ${event.why}`
    case 'clock.stepped':
      return `The wall clock stepped by ${event.by} s against the monotonic one.`
    case 'finding':
      return `Finding (${event.severity}): ${event.text}`
    case 'note':
      return event.text
    default:
      return isFault(event) ? ofFault(event) : ofSpare(event)
  }
}

const tail = (detail: string): string => (detail === '' ? '.' : `: ${detail}`)

function undone({ fault, target, state, verified, detail, command }: EventOf<'undo.ended'>): string {
  const said = `Undo of ${fault} on ${target}: ${state}, ${verified ? 'read back' : 'not verified'}${tail(detail)}`
  return state === 'failed' ? `${said} By hand: ${command}` : said
}

type FaultEvent = Extract<DrillEvent, { readonly kind: `fault.${string}` | 'effect' | 'effect.partial' }>

const isFault = (event: DrillEvent): event is FaultEvent => event.kind.startsWith('fault.') || event.kind.startsWith('effect')

/** A fault by its name, with its turn from the second on. */
const turn = ({ fault, occurrence }: { readonly fault: string; readonly occurrence: number }): string =>
  occurrence > 1 ? `${fault} #${occurrence}` : fault

const ENDING: Readonly<Record<EventOf<'fault.ending'>['why'], string>> = {
  time: 'its time is over',
  judged: 'everything could be judged',
  abort: 'the drill is aborted',
  'no-effect': 'it had no effect',
}
const ENDINGS: ReadonlyMap<string, string> = new Map(Object.entries(ENDING))

function ofFault(event: FaultEvent): string {
  switch (event.kind) {
    case 'fault.intent':
      return `${turn(event)} is about to change ${event.target.label}: ${event.call}`
    case 'fault.injected':
      return `${turn(event)} is injected on ${event.target}, call ${sayWhen(event.call)}.`
    case 'fault.failed':
      return `${turn(event)} could not be injected on ${event.target}${event.maybeInjected ? ', but may have been' : ''}: ${event.why}`
    case 'fault.ending':
      return `${turn(event)} ends: ${ENDING[event.why]}.`
    case 'effect': {
      const where = event.target === null ? '' : ` on ${event.target}`
      if (!event.proven) return `No effect of ${turn(event)}${where} was seen: ${event.how}`
      return `The effect of ${turn(event)}${where} is proven (${event.level})${event.at === null ? '' : ` at ${sayWhen(event.at)}`}: ${event.how}`
    }
    case 'effect.partial':
      return `${event.fault} affects ${event.affected} of ${event.of} targets; ${event.needed} are needed: not proven.`
    default:
      return event satisfies never
  }
}

type SpareEvent = Extract<DrillEvent, { readonly kind: 'redundancy' | `ledger.${string}` | 'left-behind' }>

function ofSpare(event: SpareEvent): string {
  switch (event.kind) {
    case 'redundancy':
      if (event.restored && event.at === null) return `Redundancy was never seen gone, by ${event.by}: ${event.detail}`
      return event.at
        ? `Redundancy is restored at ${sayWhen(event.at)}, by ${event.by}: ${event.detail}`
        : `Redundancy is not restored, by ${event.by}: ${event.detail}`
    case 'ledger.read':
      return event.rows === null
        ? `Ledger ${event.ledger} could not be read on ${event.node} (${event.when}): ${event.detail}`
        : `Ledger ${event.ledger} holds ${event.rows} records on ${event.node}${event.authority ? ', which takes the writes' : ''} (${event.when}).`
    case 'ledger.epoch':
      return `Ledger ${event.ledger} is acknowledged by ${event.node} from ${sayWhen(event.at)}.`
    case 'left-behind':
      return `To clean up (${event.where}): ${event.what}.`
    default:
      return event satisfies never
  }
}
