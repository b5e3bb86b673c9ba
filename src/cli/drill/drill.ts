import type { DrillError } from '../../domain/error.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { startKeeper } from '../../engine/keeper/start.ts'
import { startObserver } from '../../engine/observer/start.ts'
import type { EngineHooks } from '../../engine/run/deps.ts'
import { runDrill } from '../../engine/run/engine.ts'
import { startWatchdog } from '../../engine/watchdog/start.ts'
import { homeFolder } from '../host/home.ts'
import { threadEntry, watchdogEntry } from '../processes/entries.ts'
import { environmentOf } from './environment.ts'
import { judgeFolder, writeReports } from './judge.ts'
import { notifyAll } from './notify.ts'
import type { Prepared, PrepareRequest } from './prepare.ts'

export interface DrillRequest extends Pick<PrepareRequest, 'env' | 'registry' | 'version' | 'run' | 'monotonic'> {
  /** The drill's folder, absolute. */
  readonly out: string
  /** A person's wish to stop. */
  readonly interrupt: AbortSignal
  readonly hooks: EngineHooks
}

export interface DrillDone {
  readonly record: DrillRecord
  /** What kept it from starting. */
  readonly error: DrillError | null
  /** What the disk did not take of the reports. */
  readonly unwritten: DrillError | null
  readonly out: string
  readonly files: readonly string[]
}

/** Runs what was prepared, measures it and writes its reports. Rejects with a DrillError when there is nothing to report from. */
export async function drill(prepared: Prepared, request: DrillRequest): Promise<DrillDone> {
  const { plan, source, sandbox } = prepared
  const { run, out, env, registry, hooks } = request
  const home = homeFolder(env)
  const { notify } = plan.experiment
  const written: string[] = []
  const { record, error, unwritten } = await runDrill(plan, {
    registry,
    run,
    monotonic: request.monotonic,
    home,
    out,
    source,
    env,
    environment: environmentOf(request.version, env),
    ...(sandbox && { sandbox }),
    startObserver: startObserver(threadEntry('observer')),
    startKeeper: startKeeper(threadEntry('keeper')),
    startWatchdog: (onDeath) =>
      startWatchdog({
        home,
        run,
        entry: watchdogEntry(),
        env,
        onLost: (why) => onDeath(why.message),
        ...(hooks.onNote && { note: hooks.onNote }),
      }),
    judge: () => judgeFolder(out),
    report: () => {
      const reported = writeReports(out, registry)
      written.push(...reported.files)
      return reported.record
    },
    notify: (when, payload) => notifyAll(notify[when], payload, { env, folder: source.folder, run }),
    interrupt: request.interrupt,
    hooks,
  })
  return { record, error, unwritten, out, files: written }
}
