import type { DrillEvent } from '../../domain/event.ts'
import { span, spanInterval } from '../output/format.ts'

/** How loud a line is: `good` and `bad` are said in the words too, never by colour alone. */
export type Tone = 'plain' | 'quiet' | 'good' | 'bad' | 'strong'

export interface Said {
  readonly text: string
  readonly tone: Tone
}

const said = (text: string, tone: Tone = 'plain'): Said => ({ text, tone })
const occurrence = (of: { readonly fault: string; readonly occurrence: number }): string =>
  of.occurrence > 1 ? `${of.fault} #${of.occurrence}` : of.fault

type UndoEnded = Extract<DrillEvent, { kind: 'undo.ended' }>

function undone(event: UndoEnded): Said {
  const proof = event.verified ? 'read back' : 'not verified'
  const head = `undo ${event.fault} on ${event.target}: ${event.state}, ${proof}`
  if (event.state === 'failed') return said(`${head}. ${event.detail}. By hand: ${event.command}`, 'bad')
  return said(event.state === 'drifted' ? `${head}. ${event.detail}` : head, event.state === 'drifted' ? 'bad' : 'good')
}

/** A sentence for what injuring, proving and ending a fault leaves in the journal. */
function sayFault(event: Extract<DrillEvent, { kind: `fault.${string}` | 'effect' | 'effect.partial' }>): Said {
  switch (event.kind) {
    case 'fault.intent':
      return said(`${occurrence(event)}: ${event.call}`, 'strong')
    case 'fault.injected':
      return said(`${occurrence(event)}: injected on ${event.target} in ${span(event.call.hi - event.call.lo)}`)
    case 'fault.failed':
      return said(
        `${occurrence(event)}: not injected on ${event.target}: ${event.why}${event.maybeInjected ? ' (it may have been)' : ''}`,
        'bad',
      )
    case 'effect': {
      const where = event.target === null ? '' : ` on ${event.target}`
      if (!event.proven) return said(`${occurrence(event)}: no effect seen${where}: ${event.how}`, 'bad')
      return said(
        `${occurrence(event)}: it bites${where}${event.at === null ? '' : ` at ${spanInterval(event.at)}`}: ${event.how}`,
        'strong',
      )
    }
    case 'effect.partial':
      return said(`${event.fault}: ${event.affected} of ${event.of} targets affected, ${event.needed} needed: not proven`, 'bad')
    case 'fault.ending':
      return said(
        `${occurrence(event)}: ending, ${{ time: 'its time is over', judged: 'everything could be judged', abort: 'aborted', 'no-effect': 'it had no effect' }[event.why]}`,
      )
    default:
      return event satisfies never
  }
}

const isFault = (event: DrillEvent): event is Parameters<typeof sayFault>[0] =>
  event.kind.startsWith('fault.') || event.kind.startsWith('effect')

/** What a journal entry says to a person who watches; null for what is only for the record. */
export function say(event: DrillEvent): Said | null {
  if (isFault(event)) return sayFault(event)
  switch (event.kind) {
    case 'drill.opened':
      return said(`${event.title} (run ${event.run}, plan ${event.plan.hash.slice(0, 12)})`, 'strong')
    case 'phase':
      return said(`phase ${event.phase}`, 'quiet')
    case 'gate':
      return said(event.held ? `steady: ${event.why}` : `not steady, nothing was injected: ${event.why}`, event.held ? 'good' : 'bad')
    case 'load.full':
      return said('the load is at its full rate', 'quiet')
    case 'action.began':
      return said(`action ${event.action}: ${event.call}`)
    case 'action.ended':
      return said(`action ${event.action}: ${event.ok ? 'done' : 'failed'}: ${event.detail}`, event.ok ? 'plain' : 'bad')
    case 'signal':
      return said(
        `signal ${event.signal} (${event.stage}) ${event.state} at ${spanInterval(event.at)}${event.detail === '' ? '' : `: ${event.detail}`}`,
        event.state === 'firing' ? 'strong' : 'plain',
      )
    case 'guardrail':
      return said(`guardrail ${event.guardrail} ${event.why === 'breach' ? 'breached' : 'sees nothing'}: ${event.detail}`, 'bad')
    case 'abort':
      return said(`ABORT (${event.cause}): ${event.detail}`, 'bad')
    case 'judgeable':
      return said(event.detail, 'quiet')
    case 'undo.began':
      return said(`undoing ${event.undo}`, 'quiet')
    case 'undo.ended':
      return undone(event)
    case 'redundancy':
      return said(
        event.restored ? `redundancy is back, by ${event.by}: ${event.detail}` : `redundancy is not back, by ${event.by}: ${event.detail}`,
        event.restored ? 'good' : 'bad',
      )
    case 'ledger.read':
      return event.rows === null
        ? said(`ledger ${event.ledger}: ${event.node} cannot be read: ${event.detail}`, 'quiet')
        : said(
            `ledger ${event.ledger}: ${event.rows} rows on ${event.node}${event.authority ? ', which takes the writes' : ''} (${event.when})`,
          )
    case 'ledger.epoch':
      return said(`ledger ${event.ledger}: writes go to ${event.node} now`)
    case 'left-behind':
      return said(`left behind: ${event.what} at ${event.where}`, 'bad')
    case 'lease.taken':
      return said(`lease taken by ${event.by} (epoch ${event.epoch}): ${event.why}`, 'bad')
    case 'clock.stepped':
      return said(`the wall clock moved by ${span(event.by)} against the monotonic one`, 'bad')
    case 'finding':
      return said(`finding ${event.id} (${event.severity}): ${event.text}`, event.severity === 'info' ? 'plain' : 'bad')
    case 'note':
      return said(event.text, 'quiet')
    case 'drill.closed':
      return null
    default:
      return event satisfies never
  }
}
