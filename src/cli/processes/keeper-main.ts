import type { Ledger } from '../../contracts/ledger.ts'
import { serveKeeper } from '../../engine/keeper/serve.ts'
import * as ledgers from '../../registry/ledgers.ts'

const byName = (entries: Readonly<Record<string, Ledger>>): ReadonlyMap<string, Ledger> =>
  new Map(Object.values(entries).map((entry) => [entry.name, entry]))

// Only the list the thread needs.
serveKeeper({ ledgers: byName(ledgers) })
