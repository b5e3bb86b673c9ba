import type { DrillEvent, JournalEntry } from '../domain/event.ts'
import { sentence } from './sentences.ts'

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

/** The journal as a person reads it, in its own order. */
export const sayEvents = (journal: readonly JournalEntry[]): readonly SaidEvent[] =>
  journal.map(({ at, event }) => {
    const [weight, short] = label(event)
    return { at: whenOf(event) ?? at, weight, short, text: sentence(event) }
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

function label(event: DrillEvent): readonly [weight: Weight, short: string] {
  switch (event.kind) {
    case 'drill.opened':
      return ['row', 'opened']
    case 'drill.closed':
      return ['row', 'closed']
    case 'phase':
      return ['row', event.phase]
    case 'gate':
      return ['row', event.held ? 'steady' : 'not steady']
    case 'load.full':
      return ['row', 'load full']
    case 'fault.intent':
      return ['row', 'intent']
    case 'fault.injected':
      return ['mark', `${event.fault} injected`]
    case 'fault.failed':
      return ['mark', `${event.fault} failed`]
    case 'fault.ending':
      return ['row', `${event.fault} ends`]
    case 'effect':
      return ['mark', event.proven ? `${event.fault} bites` : `${event.fault}: no effect`]
    case 'effect.partial':
      return ['mark', `${event.fault} partial`]
    case 'action.began':
      return ['mark', event.action]
    case 'action.ended':
      return ['row', `${event.action} ${event.ok ? 'done' : 'failed'}`]
    case 'signal':
      return [event.state === 'firing' ? 'mark' : 'row', `${event.signal} ${event.state}`]
    case 'guardrail':
      return ['mark', `guardrail ${event.guardrail}`]
    case 'abort':
      return ['mark', `abort: ${event.cause}`]
    case 'judgeable':
      return ['row', 'watched']
    case 'undo.began':
      return ['quiet', 'undo']
    case 'undo.ended':
      return ['mark', `undo: ${event.state}`]
    case 'redundancy':
      return event.restored ? ['mark', 'redundancy back'] : ['row', 'no redundancy']
    case 'ledger.read':
      return ['row', `read ${event.node}`]
    case 'ledger.epoch':
      return ['mark', `writes to ${event.node}`]
    case 'left-behind':
      return ['mark', 'to clean up']
    case 'lease.taken':
      return ['mark', `lease: ${event.by}`]
    case 'clock.stepped':
      return ['mark', 'clock stepped']
    case 'finding':
      return ['row', event.id]
    case 'note':
      return ['quiet', 'note']
    default:
      return event satisfies never
  }
}
