import type { JournalEntry } from '../domain/event.ts'
import type { FaultResult, ObjectiveResult } from '../domain/record.ts'
import { type DrillVerdict, worst } from '../domain/verdict.ts'
import { isLeft } from './faults.ts'
import { eventsOf, type Timeline } from './timeline.ts'

export interface Judged {
  readonly verdict: DrillVerdict
  /** One sentence. */
  readonly reason: string
}

/** What a drill ended as: what is still broken counts most, then what kept it from being a drill, then what was promised. */
export function verdictOf(
  journal: readonly JournalEntry[],
  timeline: Timeline,
  faults: readonly FaultResult[],
  objectives: readonly ObjectiveResult[],
  noEffect: string | null,
): Judged {
  const candidates = [...stillFaulted(faults), ...cutShort(journal, timeline), ...promised(objectives, noEffect)]
  const verdict = worst(candidates.map((candidate) => candidate.verdict))
  return candidates.find((candidate) => candidate.verdict === verdict) ?? { verdict, reason: 'nothing was promised' }
}

function stillFaulted(faults: readonly FaultResult[]): Judged[] {
  const left = faults.flatMap(({ name, undo }) =>
    undo.state === 'failed' ? undo.perTarget.filter(isLeft).map((of) => ({ name, ...of })) : [],
  )
  const [first] = left
  if (!first)
    return faults.some(({ undo }) => undo.state === 'failed') ? [{ verdict: 'undo-failed', reason: 'a fault was not undone' }] : []
  const more = left.length > 1 ? ` and ${left.length - 1} more` : ''
  return [
    { verdict: 'undo-failed', reason: `"${first.name}" is still in place on ${first.target}${more}: ${first.command || first.detail}` },
  ]
}

function cutShort(journal: readonly JournalEntry[], { aborted, called }: Timeline): Judged[] {
  const touched = called !== null || eventsOf(journal, 'fault.intent').length > 0
  const gate = eventsOf(journal, 'gate').find(({ held }) => !held)
  const closed = eventsOf(journal, 'drill.closed')[0]
  const found: Judged[] = []
  if (gate && !touched) found.push({ verdict: 'refused', reason: `the steady state did not hold: ${gate.why}` })
  else if (aborted)
    found.push(
      touched
        ? { verdict: 'aborted', reason: `aborted (${aborted.cause}): ${aborted.detail}` }
        : { verdict: 'refused', reason: `nothing was injected (${aborted.cause}): ${aborted.detail}` },
    )
  if (closed && ['error', 'refused', 'aborted', 'undo-failed'].includes(closed.verdict))
    found.push({ verdict: closed.verdict, reason: closed.reason })
  return found
}

function promised(objectives: readonly ObjectiveResult[], noEffect: string | null): Judged[] {
  if (noEffect !== null) return [{ verdict: 'unknown', reason: `no effect: ${noEffect}` }]
  if (objectives.length === 0) return [{ verdict: 'unknown', reason: 'nothing was promised: the experiment has no objectives' }]
  const verdict = worst(objectives.map((objective) => objective.verdict))
  const decisive = objectives.filter((objective) => objective.verdict === verdict)
  if (verdict === 'held') {
    const names = objectives.map(({ name }) => name).join(', ')
    return [
      { verdict, reason: objectives.length === 1 ? `the objective held: ${names}` : `all ${objectives.length} objectives held: ${names}` },
    ]
  }
  const [first] = decisive
  const more = decisive.length > 1 ? ` (and ${decisive.length - 1} more ${verdict})` : ''
  return [{ verdict, reason: `${first?.name ?? ''} is ${verdict}: ${first?.reason ?? ''}${more}` }]
}
