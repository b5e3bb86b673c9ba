import { refused } from '../../../domain/error.ts'
import type { Experiment } from '../../../domain/experiment.ts'
import type { Instant, Ratio, Seconds } from '../../../domain/time.ts'
import { createRecoveryWatch, type RecoveryWatch } from '../../../measure/recovery/recovery.ts'

/** Watches a probe of the experiment by the same rule that the measuring uses later. */
export function watchProbe(
  experiment: Experiment,
  probe: string,
  rule: { readonly from: Instant; readonly good: Ratio; readonly hold: Seconds },
): RecoveryWatch {
  const declared = experiment.probes[probe]
  if (!declared) throw refused(`There is no probe "${probe}".`, 'PROBE_UNKNOWN')
  return createRecoveryWatch({ ...rule, every: declared.every, timeout: declared.timeout })
}
