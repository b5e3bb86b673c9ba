import type { Experiment } from './experiment.ts'
import type { Json, JsonObject } from './json.ts'
import type { Target } from './target.ts'
import type { UndoReach } from './undo.ts'

/** What a drill will do, from reads alone. `plan.json` of the folder; what consent and the hash are about. */
export interface Plan {
  /** SHA-256 over the experiment's text, variables, identities, selectors, caps, calls by kind and the version; not over resolved ids. */
  readonly hash: string
  readonly version: string
  readonly experiment: Experiment
  readonly source: { readonly file: string; readonly sha256: string }
  readonly faults: readonly PlannedFault[]
  readonly actions: readonly { readonly name: string; readonly call: string }[]
  readonly ledgers: readonly { readonly name: string; readonly creates: readonly string[]; readonly removes: readonly string[] }[]
  readonly load: { readonly kind: string; readonly engine: string } | null
  /** Machine, user, clusters, accounts: whatever consent is bound to. */
  readonly identities: JsonObject
  /** Rights that the drill uses, in a person's words, and what would grant exactly them, per platform that knows. */
  readonly grants: readonly { readonly platform: string; readonly rights: readonly string[]; readonly apply: string }[]
  readonly blast: { readonly targets: number; readonly of: number | null; readonly share: number | null }
  /** How precisely recovery can be seen: probe interval + latency bound, seconds, per probe. */
  readonly resolution: Readonly<Record<string, number>>
  readonly warnings: readonly PlanWarning[]
  /** Reasons that `run` would refuse, found by reading alone. */
  readonly refusals: readonly PlanWarning[]
  readonly expected: { readonly duration: number; readonly burn: number | null }
}

export interface PlanWarning {
  readonly code: string
  readonly text: string
}

export interface PlannedFault {
  readonly name: string
  readonly fault: string
  readonly kind: 'state' | 'event' | 'expiring'
  readonly undoFrom: UndoReach
  readonly undoHow: string
  readonly effectHow: string
  readonly permissions: readonly string[]
  /** Only a probe of the experiment can prove it. */
  readonly needsProbe: boolean
  readonly targets: readonly PlannedTarget[]
}

export interface PlannedTarget {
  /** null for faults that bring their own. */
  readonly target: Target | null
  readonly label: string
  readonly call: string
  readonly command: string
  readonly prior: Json
}
