import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeeperPlan } from '../../contracts/keeper.ts'
import type { Registry } from '../../contracts/registry.ts'
import { describe } from '../../domain/error.ts'
import type { EventOf } from '../../domain/event.ts'
import type { Plan } from '../../domain/plan.ts'
import { hasCode } from '../home/durable.ts'
import { scrubLedgers } from '../keeper/sessions.ts'

/**
 * Removes what a dead engine's ledgers made in the stores that they wrote to, by the plan in the drill's folder. Answers what is still
 * there; never rejects.
 */
export async function scrubAfter(
  plan: Omit<KeeperPlan, 'ledgers'>,
  registry: Pick<Registry, 'ledgers'>,
): Promise<readonly EventOf<'left-behind'>[]> {
  try {
    const { experiment } = JSON.parse(await readFile(join(plan.out, 'plan.json'), 'utf8')) as Plan
    const ledgers = Object.values(experiment.ledgers)
    const scrubbed = ledgers.length === 0 ? [] : await scrubLedgers({ ...plan, ledgers }, registry)
    return scrubbed.flatMap(({ ledger, left }) => left.map((what) => ({ kind: 'left-behind', what, where: `ledger ${ledger}` }) as const))
  } catch (error) {
    // Written before any ledger is opened: without it there is none.
    if (hasCode(error, 'ENOENT')) return []
    return [{ kind: 'left-behind', what: `whatever ledgers made: the plan cannot be read (${describe(error)})`, where: plan.out }]
  }
}
