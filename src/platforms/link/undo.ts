import type { Context } from '../../contracts/context.ts'
import { isAlive, type ProcessIdentity } from '../../contracts/process.ts'
import type { UndoOutcome } from '../../domain/undo.ts'
import { liftRule, linkState } from './client.ts'
import type { EndedRule } from './rule.ts'

/** What it takes to lift a rule, from any process of this machine. */
export type LinkUndo = {
  readonly control: string
  readonly instance: string
  /** The proxy's process; null when it could not be seen. */
  readonly process: ProcessIdentity | null
  readonly rule: string
}

const HOW_IT_ENDED: Readonly<Record<EndedRule['why'], UndoOutcome>> = {
  lifted: { state: 'undone', verified: true, detail: 'the rule was lifted before' },
  ttl: { state: 'expired', verified: true, detail: 'the rule ended by itself when its time was over' },
  'lease-lost': { state: 'expired', verified: true, detail: 'the link ended the rule itself: nobody renewed the lease' },
  fenced: { state: 'expired', verified: true, detail: 'the link ended the rule itself: a newer epoch holds the lease' },
  stopped: { state: 'not-needed', verified: true, detail: 'the link was taken down, and the rule with it' },
}

/** Lifts the rule and reads back. Idempotent; harmless when the rule never was, or the proxy is gone. */
export async function undoRule({ control, instance, process: of, rule }: LinkUndo, { signal }: Context): Promise<UndoOutcome> {
  const before = await linkState(control, signal)
  if (before === undefined) {
    if (of !== null && isAlive(of))
      return { state: 'failed', verified: false, detail: `the link (pid ${of.pid}) lives, but nobody answers at ${control}` }
    return { state: 'not-needed', verified: true, detail: 'the link is gone, and the rule with it' }
  }
  if (before.instance !== instance) return { state: 'not-needed', verified: true, detail: 'the link was started anew: the rule is gone' }
  const ended = before.ended.findLast(({ id }) => id === rule)
  const holds = before.rules.some(({ id }) => id === rule)
  if (!holds)
    return ended === undefined ? { state: 'not-injected', verified: true, detail: 'the link never had the rule' } : HOW_IT_ENDED[ended.why]
  await liftRule(control, rule, signal)
  const after = await linkState(control, signal)
  return after?.rules.some(({ id }) => id === rule) === false
    ? { state: 'undone', verified: true, detail: `the rule is lifted; ${after.rules.length} others hold` }
    : { state: 'failed', verified: false, detail: 'the rule was lifted, but the link still names it' }
}
