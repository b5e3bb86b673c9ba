import { systemClock } from '../../contracts/clock.ts'
import type { KeeperPlan } from '../../contracts/keeper.ts'
import { type Ledger, type LedgerSession, namespaceOf } from '../../contracts/ledger.ts'
import type { Registry } from '../../contracts/registry.ts'
import { describe, refused } from '../../domain/error.ts'
import type { LedgerDecl } from '../../domain/experiment.ts'

/** A store that does not answer must not hold up the end of a drill. */
const SCRUB_LIMIT_MS = 20_000

export type SessionPlan = Pick<KeeperPlan, 'run' | 'folder' | 'monotonic' | 'lease' | 'env'>

/** Opens one ledger's session; it touches nothing yet. */
export function openSession(
  decl: LedgerDecl,
  plan: SessionPlan,
  registry: Pick<Registry, 'ledgers'>,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<LedgerSession> {
  const ledger: Ledger | undefined = registry.ledgers.get(decl.kind)
  if (!ledger) throw refused(`Ledger ${decl.kind} is not in this version`, 'LEDGER_UNKNOWN', ['firedrill catalog'])
  const { run, folder, env, lease } = plan
  return ledger.open(decl.spec, {
    clock: systemClock(plan.monotonic),
    signal,
    run,
    lease,
    env,
    folder,
    namespace: namespaceOf(run, decl.name),
    note: (text) => note(`ledger ${decl.name}: ${text}`),
  })
}

/** Removes a session's namespace and says what is left of it; never rejects, never waits longer than 20 s. */
export async function scrubSession(session: LedgerSession): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve(['cleaning up did not end within 20 s']), SCRUB_LIMIT_MS)
  })
  const work = async (): Promise<readonly string[]> => {
    const failed = await session.scrub().then(
      () => [],
      (error: unknown) => [`not removed: ${describe(error)}`],
    )
    const left = await session.leftovers().catch((error: unknown) => [`not looked for: ${describe(error)}`])
    return left.length > 0 ? [...left, ...failed] : []
  }
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Removes what the ledgers of a run left when no keeper is alive to do it: for the watchdog and for `undo`. */
export async function scrubLedgers(
  plan: SessionPlan & Pick<KeeperPlan, 'ledgers'>,
  registry: Pick<Registry, 'ledgers'>,
): Promise<readonly { readonly ledger: string; readonly left: readonly string[] }[]> {
  return Promise.all(
    plan.ledgers.map(async (decl) => {
      try {
        const session = await openSession(decl, plan, registry, () => undefined, AbortSignal.timeout(SCRUB_LIMIT_MS))
        const left = await scrubSession(session)
        await session.close()
        return { ledger: decl.name, left }
      } catch (error) {
        return { ledger: decl.name, left: [`not removed: ${describe(error)}`] }
      }
    }),
  )
}
