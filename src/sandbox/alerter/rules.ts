import type { Seconds } from '../../domain/time.ts'

/** What the alerter saw in one look. null: that address did not answer. */
export interface Look {
  /** Whether the edge answered an inference. */
  readonly scoring: boolean
  /** Prometheus text of the edge and the controller. */
  readonly edge: string | null
  readonly controller: string | null
}

export interface Rule {
  readonly alertname: string
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
  /** undefined: it cannot be told from this look, and nothing changes. */
  readonly broken: (look: Look) => boolean | undefined
}

const sampleOf = (text: string | null, series: string): number | undefined => {
  const line = text?.split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}
const isZero = (value: number | undefined): boolean | undefined => (value === undefined ? undefined : value === 0)

const regionDown = (region: string): Rule => ({
  alertname: 'RegionDown',
  labels: { region, severity: 'page' },
  summary: `The edge has taken region ${region} out`,
  broken: (look) => isZero(sampleOf(look.edge, `edge_region_up{region="${region}"}`)),
})

export const RULES: readonly Rule[] = [
  {
    alertname: 'ScoringDown',
    labels: { severity: 'page' },
    summary: 'The edge does not answer inferences',
    broken: (look) => !look.scoring,
  },
  regionDown('eu'),
  regionDown('us'),
  {
    alertname: 'PrimaryDown',
    labels: { severity: 'page' },
    summary: 'The primary database does not answer',
    broken: (look) => isZero(sampleOf(look.controller, 'controller_primary_up')),
  },
  {
    alertname: 'StandbyLost',
    labels: { severity: 'ticket' },
    summary: 'No standby receives the log',
    broken: (look) => isZero(sampleOf(look.controller, 'controller_standbys_streaming')),
  },
]

export interface RuleState {
  /** Since when it has been broken without a break, seconds on the caller's clock; null while it is not. */
  readonly since: number | null
  readonly firing: boolean
}
export const QUIET: RuleState = { since: null, firing: false }

/** Prometheus' `for`: an alert fires when its rule has been broken all along for that long, and is resolved at the first good look. */
export function step(state: RuleState, broken: boolean | undefined, now: number, hold: Seconds): RuleState {
  if (broken === undefined) return state
  if (!broken) return QUIET
  const since = state.since ?? now
  return { since, firing: state.firing || now - since >= hold }
}
