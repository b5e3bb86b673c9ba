import { serveObserver } from '../../engine/observer/serve.ts'
import * as loads from '../../registry/loads.ts'
import * as probes from '../../registry/probes.ts'
import * as signals from '../../registry/signals.ts'

const byName = <T extends { readonly name: string }>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> =>
  new Map(Object.values(entries).map((entry) => [entry.name, entry]))

// Only the lists the thread needs: what faults and ledgers import would be loaded for nothing here.
await serveObserver({ probes: byName(probes), signals: byName(signals), loads: byName(loads) })
