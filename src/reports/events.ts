import type { DrillEvent, JournalEntry } from '../domain/event.ts'
import { sayWhen } from './words.ts'

/** How much an event weighs on the page: `mark` stands on the timeline, `row` in the list alone, `quiet` in neither. */
export type Weight = 'mark' | 'row' | 'quiet'

export interface SaidEvent {
  readonly at: number
  readonly weight: Weight
  /** A few words for the timeline. */
  readonly short: string
  /** The sentence for the list. */
  readonly text: string
}

type Said = readonly [weight: Weight, short: string, text: string]

/** The journal as a person reads it, in its own order. Times inside an event stand in its sentence. */
export const sayEvents = (journal: readonly JournalEntry[]): readonly SaidEvent[] =>
  journal.map(({ at, event }) => {
    const [weight, short, text] = say(event)
    return { at: whenOf(event) ?? at, weight, short, text }
  })

/** When it was true, where that is another moment than when it was written. */
function whenOf(event: DrillEvent): number | undefined {
  if (event.kind === 'effect' || event.kind === 'redundancy') return event.at?.hi
  if (event.kind === 'fault.injected') return event.call.lo
  if (event.kind === 'signal' || event.kind === 'undo.ended' || event.kind === 'ledger.read' || event.kind === 'ledger.epoch')
    return event.at.hi
  if (event.kind === 'guardrail') return event.breachedAt.hi
  return undefined
}

function say(event: DrillEvent): Said {
  switch (event.kind) {
    case 'drill.opened':
      return ['row', 'opened', `The drill ${event.run} opens; firedrill ${event.version}.`]
    case 'drill.closed':
      return ['row', 'closed', `The drill closes: ${event.verdict}, exit ${event.exit}. ${event.reason}`]
    case 'phase':
      return ['row', event.phase, `Phase ${event.phase} begins.`]
    case 'gate':
      return [
        'row',
        event.held ? 'steady' : 'not steady',
        event.held ? `The steady state holds: ${event.why}` : `The steady state does not hold: ${event.why}`,
      ]
    case 'load.full':
      return ['row', 'load full', 'The load has reached its full rate.']
    case 'fault.intent':
    case 'fault.injected':
    case 'fault.failed':
    case 'fault.ending':
    case 'effect':
    case 'effect.partial':
      return sayFault(event)
    case 'action.began':
      return ['mark', event.action, `Action ${event.action} begins: ${event.call}`]
    case 'action.ended':
      return [
        'row',
        `${event.action} ${event.ok ? 'done' : 'failed'}`,
        `Action ${event.action} ${event.ok ? 'is done' : 'failed'}: ${event.detail}`,
      ]
    case 'signal':
      return [
        event.state === 'firing' ? 'mark' : 'row',
        `${event.signal} ${event.state}`,
        `Signal ${event.signal} (${event.stage}) is ${event.state} at ${sayWhen(event.at)}. ${event.detail}`,
      ]
    case 'guardrail':
      return ['mark', `guardrail ${event.guardrail}`, `Guardrail ${event.guardrail} tripped (${event.why}): ${event.detail}`]
    case 'abort':
      return ['mark', `abort: ${event.cause}`, `The drill is aborted (${event.cause}): ${event.detail}`]
    case 'judgeable':
      return ['row', 'judgeable', `Every objective can be judged: ${event.detail}`]
    case 'undo.began':
      return ['quiet', 'undo', `Undo ${event.undo} begins.`]
    case 'undo.ended':
      return [
        'mark',
        `undo: ${event.state}`,
        `Undo of ${event.fault} on ${event.target}: ${event.state}${event.verified ? ', read back' : ''}. ${event.detail}`,
      ]
    default:
      return sayRest(event)
  }
}

type FaultEvent = Extract<DrillEvent, { readonly kind: `fault.${string}` | 'effect' | 'effect.partial' }>

function sayFault(event: FaultEvent): Said {
  switch (event.kind) {
    case 'fault.intent':
      return ['row', 'intent', `${event.fault} is about to change ${event.target.label}: ${event.call}`]
    case 'fault.injected':
      return ['mark', `${event.fault} injected`, `${event.fault} is injected on ${event.target}, call ${sayWhen(event.call)}.`]
    case 'fault.failed':
      return [
        'mark',
        `${event.fault} failed`,
        `${event.fault} could not be injected on ${event.target}${event.maybeInjected ? ', but may have been' : ''}: ${event.why}`,
      ]
    case 'fault.ending':
      return ['row', `${event.fault} ends`, `The time of ${event.fault} is over (${event.why}).`]
    case 'effect':
      return event.proven
        ? [
            'mark',
            `${event.fault} bites`,
            `The effect of ${event.fault}${event.target === null ? '' : ` on ${event.target}`} is proven (${event.level}) at ${sayWhen(event.at)}: ${event.how}`,
          ]
        : [
            'mark',
            `${event.fault}: no effect`,
            `No effect of ${event.fault}${event.target === null ? '' : ` on ${event.target}`} was seen: ${event.how}`,
          ]
    case 'effect.partial':
      return [
        'mark',
        `${event.fault} partial`,
        `${event.fault} affects ${event.affected} of ${event.of} targets; ${event.needed} are needed.`,
      ]
    default:
      return event satisfies never
  }
}

type RestEvent = Extract<
  DrillEvent,
  { readonly kind: 'redundancy' | 'ledger.read' | 'ledger.epoch' | 'left-behind' | 'lease.taken' | 'clock.stepped' | 'finding' | 'note' }
>

function sayRest(event: RestEvent): Said {
  switch (event.kind) {
    case 'redundancy':
      return event.restored
        ? ['mark', 'redundancy back', `Redundancy is restored at ${sayWhen(event.at)}, by ${event.by}: ${event.detail}`]
        : ['row', 'no redundancy', `Redundancy is not restored, by ${event.by}: ${event.detail}`]
    case 'ledger.read':
      return [
        'row',
        `read ${event.node}`,
        `Ledger ${event.ledger} read on ${event.node} (${event.when}): ${event.rows === null ? event.detail : `${event.rows} records`}${event.authority ? '; the authority' : ''}.`,
      ]
    case 'ledger.epoch':
      return ['mark', `writes to ${event.node}`, `Ledger ${event.ledger} is acknowledged by ${event.node} from ${sayWhen(event.at)}.`]
    case 'left-behind':
      return ['mark', 'left behind', `Left behind: ${event.what} (${event.where}).`]
    case 'lease.taken':
      return ['mark', `lease: ${event.by}`, `${event.by} takes over the drill (epoch ${event.epoch}): ${event.why}`]
    case 'clock.stepped':
      return ['mark', 'clock stepped', `The wall clock stepped by ${event.by} s against the monotonic one.`]
    case 'finding':
      return ['row', event.id, `Finding (${event.severity}): ${event.text}`]
    case 'note':
      return ['quiet', 'note', event.text]
    default:
      return event satisfies never
  }
}
