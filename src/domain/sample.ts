/**
 * What one request of a probe or of the load said.
 * full, degraded, stale: the client was served. wrong: an answer came in time and it was not right. failed: no valid answer in time.
 * missed: the slot could not start; nobody knows.
 */
export const OUTCOMES = ['full', 'degraded', 'stale', 'wrong', 'failed', 'missed'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Whether the client was served: true, false, or undefined when nobody knows. */
export function served(outcome: Outcome): boolean | undefined {
  if (outcome === 'missed') return undefined
  return outcome !== 'wrong' && outcome !== 'failed'
}

/**
 * Samples as columns, in the order of their completion. Times are whole microseconds on the drill's clock.
 * A missed slot has start = end = the moment it was given up.
 */
export interface SampleBlock {
  readonly length: number
  /** When the slot was due. */
  readonly planned: Float64Array
  /** When the request really began. */
  readonly start: Float64Array
  /** When the answer was complete, or given up. */
  readonly end: Float64Array
  /** Index into OUTCOMES. */
  readonly outcome: Uint8Array
  /** Why: an HTTP status, a system error code, `timeout`, `latency`, `body`, … */
  readonly code: readonly string[]
}

/** The first line of `samples/<probe>.csv`: times in whole microseconds, the outcome as a word. */
export const SAMPLES_HEADER = 'planned_us,start_us,end_us,outcome,code'

/** One row, for code that is not in a hurry. Times in microseconds. */
export interface Sample {
  readonly planned: number
  readonly start: number
  readonly end: number
  readonly outcome: Outcome
  readonly code: string
}

/** The samples one by one: an object a row, for hundreds and not for millions. */
export function* rows(block: SampleBlock): Generator<Sample> {
  for (let i = 0; i < block.length; i++) {
    yield {
      planned: block.planned[i] ?? 0,
      start: block.start[i] ?? 0,
      end: block.end[i] ?? 0,
      outcome: OUTCOMES[block.outcome[i] ?? 0] ?? 'missed',
      code: block.code[i] ?? '',
    }
  }
}

/** The inverse of `rows`. */
export function blockOf(samples: readonly Sample[]): SampleBlock {
  return {
    length: samples.length,
    planned: Float64Array.from(samples, (s) => s.planned),
    start: Float64Array.from(samples, (s) => s.start),
    end: Float64Array.from(samples, (s) => s.end),
    outcome: Uint8Array.from(samples, (s) => OUTCOMES.indexOf(s.outcome)),
    code: samples.map((s) => s.code),
  }
}
