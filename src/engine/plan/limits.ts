import type { Experiment } from '../../domain/experiment.ts'
import type { Plan, PlanWarning } from '../../domain/plan.ts'
import type { Target } from '../../domain/target.ts'
import type { ResolvedTargets } from './targets.ts'

export interface Touched {
  readonly fault: string
  readonly target: Target | null
  /** Several of its kind can hold on one target, each undone on its own. */
  readonly composes: boolean
}

/** How much is touched, of what population. */
export function blastOf(experiment: Experiment, touched: readonly Touched[], population: ResolvedTargets | undefined): Plan['blast'] {
  const ids = new Set(touched.map(({ fault, target }) => target?.id ?? `fault:${fault}`))
  if (!experiment.limits.percent || !population) return { targets: ids.size, of: null, share: null }
  const inside = population.chosen.filter(({ id }) => ids.has(id)).length
  return { targets: ids.size, of: population.matched, share: inside / population.matched }
}

/** The caps of the experiment against what the plan would touch. */
export function overLimits(experiment: Experiment, blast: Plan['blast']): readonly PlanWarning[] {
  const found: PlanWarning[] = []
  if (blast.targets > experiment.limits.targets)
    found.push({
      code: 'TOO_MANY_TARGETS',
      text: `The plan touches ${blast.targets} targets; limits.targets allows ${experiment.limits.targets}.`,
    })
  const max = experiment.limits.percent?.max
  if (max !== undefined && blast.share !== null && blast.share > max)
    found.push({
      code: 'TOO_LARGE_A_SHARE',
      text: `The plan touches ${percent(blast.share)} of "${experiment.limits.percent?.of}"; limits.percent allows ${percent(max)}.`,
    })
  return found
}

/** Two faults on one object: the second would record the first one's damage as the state to go back to. */
export function collisions(touched: readonly Touched[]): readonly PlanWarning[] {
  const seen = new Map<string, Touched>()
  const found: PlanWarning[] = []
  for (const touch of touched) {
    const { fault, target } = touch
    if (!target) continue
    const other = seen.get(target.id)
    if (other && other.fault !== fault && !(other.composes && touch.composes))
      found.push({
        code: 'TWO_FAULTS_ONE_TARGET',
        text: `"${other.fault}" and "${fault}" both act on ${target.label}: neither could be undone to a known state.`,
      })
    seen.set(target.id, touch)
  }
  return found
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`
