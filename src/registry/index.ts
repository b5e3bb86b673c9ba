import type { Registry } from '../contracts/registry.ts'
import * as actions from './actions.ts'
import * as faults from './faults.ts'
import { later } from './later.ts'
import * as ledgers from './ledgers.ts'
import * as loads from './loads.ts'
import * as platforms from './platforms.ts'
import * as probes from './probes.ts'
import * as reports from './reports.ts'
import * as signals from './signals.ts'
import * as systems from './systems.ts'
import * as undoStores from './undo-stores.ts'

const byName = <T extends { readonly name: string }>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> =>
  new Map(Object.values(entries).map((entry) => [entry.name, entry]))

/** Everything that is built in. A kind is one file and one line in the list of its room. */
export const registry: Registry = {
  platforms: byName(platforms),
  faults: byName(faults),
  actions: byName(actions),
  probes: byName(probes),
  signals: byName(signals),
  ledgers: byName(ledgers),
  loads: byName(loads),
  reports: byName(reports),
  systems: byName(systems),
  undoStores: new Map(Object.values(undoStores).map((kind) => [kind.scheme, kind])),
  later,
}
