import type { Breach } from '../../contracts/observer.ts'
import type { Guardrail, ProbeDecl } from '../../domain/experiment.ts'
import { type Outcome, served } from '../../domain/sample.ts'
import { createWatch } from './guardrail.ts'

/** All guardrails of a drill, fed with every sample of every probe. */
export interface Guardrails {
  sample(probe: string, planned: number, start: number, end: number, outcome: Outcome): void
  arm(now: number): void
  disarm(): void
  check(now: number): void
}

/**
 * While a control probe is bad the trouble is the observer's own: samples do not count, back to the control's last good start.
 * If that lasts, the guardrail has no data, and says so after its `noData`.
 */
export function createGuardrails(
  guardrails: readonly Guardrail[],
  probes: readonly ProbeDecl[],
  breached: (breach: Breach) => void,
): Guardrails {
  const watches = guardrails.map(createWatch)
  const controls = new Map(probes.filter((probe) => probe.role === 'control').map((probe) => [probe.name, { bad: false, lastGood: 0 }]))
  let blind = false

  const control = (state: { bad: boolean; lastGood: number }, start: number, outcome: Outcome): void => {
    state.bad = served(outcome) !== true
    if (!state.bad) state.lastGood = start
    blind = [...controls.values()].some((one) => one.bad)
    if (state.bad) for (const watch of watches) watch.forget(state.lastGood)
  }

  return {
    sample(probe, planned, start, end, outcome) {
      const state = controls.get(probe)
      if (state) control(state, start, outcome)
      else if (!blind) for (const watch of watches) if (watch.guardrail.probe === probe) watch.sample(planned, end, outcome)
    },
    arm(now) {
      for (const watch of watches) watch.arm(now)
    },
    disarm() {
      for (const watch of watches) watch.disarm()
    },
    check(now) {
      for (const watch of watches) {
        const breach = watch.check(now)
        if (breach) breached(breach)
      }
    },
  }
}
