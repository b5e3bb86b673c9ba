import { tmpdir } from 'node:os'
import { systemClock } from '../../contracts/clock.ts'
import type { Context } from '../../contracts/context.ts'
import { DrillError, describe } from '../../domain/error.ts'
import { registry } from '../../registry/index.ts'
import { type Check, databaseCheck, homeCheck, k6Check, nodeCheck, runtimeCheck } from './checks.ts'
import { type ClockPrecision, clockPrecision, type ProberPrecision, proberPrecision } from './precision.ts'

export interface DoctorJson {
  readonly fit: boolean
  readonly checks: readonly Check[]
  readonly clock: ClockPrecision
  /** null when the prober could not run, which a check explains. */
  readonly prober: ProberPrecision | null
}

type Env = Readonly<Record<string, string | undefined>>

/** What the platforms say about themselves; those that say nothing are left out. */
async function platformChecks(env: Env): Promise<readonly Check[]> {
  const context: Context = {
    clock: systemClock(process.hrtime.bigint()),
    signal: AbortSignal.timeout(5_000),
    run: 'doctor',
    lease: { file: '', epoch: 0 },
    env,
    folder: process.cwd(),
    note: () => undefined,
  }
  const asked = [...registry.platforms.values()].map(async (platform): Promise<readonly Check[]> => {
    const found = (await platform.check?.(context)) ?? []
    return found.map((each) => ({ ...each, what: `${platform.name}: ${each.what}`, needed: false, next: each.next ?? null }))
  })
  return (await Promise.all(asked)).flat()
}

/** `otherwise`: what to type when it fails without saying so itself. */
async function guarded(
  what: string,
  needed: boolean,
  check: () => Promise<Check> | Check,
  otherwise: string | null = null,
): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    return { what, ok: false, needed, detail: describe(error), next: error instanceof DrillError ? (error.next[0] ?? null) : otherwise }
  }
}

/** Looks at this machine, and measures its clock and the real prober on loopback for two seconds. */
export async function examine(env: Env, progress: (text: string) => void): Promise<DoctorJson> {
  const checks = await Promise.all([
    guarded('Node', true, () => nodeCheck()),
    guarded('state folder', true, () => homeCheck(env), 'export FIREDRILL_HOME=DIR'),
    guarded('runtime folder', true, () => runtimeCheck(env)),
    guarded('PostgreSQL', false, () => databaseCheck()),
    guarded('k6', false, () => k6Check(env)),
  ])
  const platforms = await platformChecks(env)
  progress('measuring the clock and the prober …')
  const clock = clockPrecision()
  let prober: ProberPrecision | null = null
  const probing = await guarded('prober', true, async () => {
    prober = await proberPrecision(tmpdir())
    return { what: 'prober', ok: true, needed: true, detail: 'probes loopback on its own thread', next: null }
  })
  const all = [...checks, probing, ...platforms]
  return { fit: all.every(({ ok, needed }) => ok || !needed), checks: all, clock, prober }
}
