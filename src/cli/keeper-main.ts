import type { Ledger } from '../contracts/ledger.ts'
import { serveKeeper } from '../engine/keeper/serve.ts'
import * as ledgers from '../registry/ledgers.ts'

// Only the list the thread needs.
serveKeeper({ ledgers: new Map<string, Ledger>(Object.values(ledgers).map((ledger) => [ledger.name, ledger])) })
