import type { DrillEvent } from '../../domain/event.ts'
import { sentence } from '../../reports/sentences.ts'

/** How loud a line is: `good` and `bad` are said in the words too, never by colour alone. */
export type Tone = 'plain' | 'quiet' | 'good' | 'bad' | 'strong'

export interface Said {
  readonly text: string
  readonly tone: Tone
}

/** What a journal entry says to a person who watches; null for what the summary says. */
export const say = (event: DrillEvent): Said | null =>
  event.kind === 'drill.closed' ? null : { text: sentence(event), tone: toneOf(event) }

function toneOf(event: DrillEvent): Tone {
  switch (event.kind) {
    case 'drill.opened':
    case 'fault.intent':
      return 'strong'
    case 'gate':
      return event.held ? 'good' : 'bad'
    case 'effect':
      return event.proven ? 'strong' : 'bad'
    case 'action.ended':
      return event.ok ? 'plain' : 'bad'
    case 'signal':
      return event.state === 'firing' ? 'strong' : 'plain'
    case 'undo.ended':
      return event.state === 'failed' || event.state === 'drifted' ? 'bad' : 'good'
    case 'redundancy':
      return event.restored ? 'good' : 'bad'
    case 'ledger.read':
      return event.rows === null ? 'quiet' : 'plain'
    case 'finding':
      return event.severity === 'info' ? 'plain' : 'bad'
    case 'fault.failed':
    case 'effect.partial':
    case 'guardrail':
    case 'abort':
    case 'left-behind':
    case 'lease.taken':
    case 'clock.stepped':
      return 'bad'
    case 'phase':
    case 'load.full':
    case 'judgeable':
    case 'undo.began':
    case 'note':
      return 'quiet'
    case 'fault.injected':
    case 'fault.ending':
    case 'action.began':
    case 'ledger.epoch':
    case 'drill.closed':
      return 'plain'
    default:
      return event satisfies never
  }
}
