import type { Action } from './action.ts'
import type { Fault } from './fault.ts'
import type { Ledger } from './ledger.ts'
import type { Load } from './load.ts'
import type { Platform } from './platform.ts'
import type { Probe } from './probe.ts'
import type { Report } from './report.ts'
import type { Signal } from './signal.ts'
import type { System } from './system.ts'
import type { UndoStoreKind } from './undo-store.ts'

/** What can be named in an experiment but not run yet, so that a file written for it is not called wrong. */
export interface Later {
  readonly what: 'platform' | 'fault' | 'action' | 'probe' | 'signal' | 'ledger' | 'load' | 'undo-store' | 'field'
  readonly name: string
}

/** Everything that is built in, by name. Handed to the engine, the language, the watchdog and the threads; nobody else knows a kind. */
export interface Registry {
  readonly platforms: ReadonlyMap<string, Platform>
  readonly faults: ReadonlyMap<string, Fault>
  readonly actions: ReadonlyMap<string, Action>
  readonly probes: ReadonlyMap<string, Probe>
  readonly signals: ReadonlyMap<string, Signal>
  readonly ledgers: ReadonlyMap<string, Ledger>
  readonly loads: ReadonlyMap<string, Load>
  readonly reports: ReadonlyMap<string, Report>
  readonly systems: ReadonlyMap<string, System>
  readonly undoStores: ReadonlyMap<string, UndoStoreKind>
  readonly later: readonly Later[]
}
