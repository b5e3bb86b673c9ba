import type { Objectives } from '../../domain/experiment.ts'
import type { Measured, Measures } from '../../domain/record.ts'
import { measured, notMeasured } from '../measured.ts'
import type { Burn } from './burn.ts'
import type { Tally } from './tally.ts'

type Promise = NonNullable<Objectives['budget']>

/**
 * A virtual burn: the share of the error budget that the bad time would have cost at the stated traffic,
 * bad requests / ((1 − SLO) · requests of the window). `spend` is what the drill cost: during and after.
 */
export function budgetOf(promise: Promise | undefined, tally: Tally | undefined, stepped: boolean): Measures['budget'] {
  if (!promise) return null
  const { before, during, after } = tally?.burn ?? { before: null, during: null, after: null }
  const share = (burn: Burn | null, what: string) =>
    stepped ? unknown('the clock stepped during the drill') : shareOf(promise, burn, what)
  const both = during && after ? { lo: during.lo + after.lo, hi: during.hi + after.hi, samples: during.samples + after.samples } : during
  return {
    before: share(before, 'before the fault'),
    during: share(during, 'while the fault was in place'),
    after: share(after, 'after it was lifted'),
    spend: share(both, 'from the fault to the end'),
    virtual: true,
  }
}

const unknown = (reason: string): Measured => notMeasured('share', reason)

function shareOf({ slo, window, traffic, probe }: Promise, burn: Burn | null, when: string): Measured {
  if (burn === null || burn.samples === 0) return unknown(`"${probe}" was not sampled ${when}`)
  const permitted = (1 - slo) * traffic * window
  if (permitted <= 0) return unknown(`an SLO of ${slo * 100} % leaves no budget to spend`)
  return measured((burn.lo * traffic) / permitted, (burn.hi * traffic) / permitted, {
    unit: 'share',
    method: `bad time ${when} (${burn.lo.toFixed(3)} to ${burn.hi.toFixed(3)} s) at ${traffic}/s of a budget of ${Number(permitted.toPrecision(4))} requests`,
    samples: burn.samples,
  })
}
