import { describe } from '../../../domain/error.ts'
import type { ReadWhen } from '../../../domain/event.ts'
import { seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'

/** Longer than a write's timeout plus what a replica may lag: nothing is under way any more. */
const QUIET = seconds(1)
const BETWEEN_READS = seconds(0.5)

/** With the fault still in place: writers stop, then every node is read twice, then writers go on for the way home. */
export async function readDuring(drill: Drill): Promise<void> {
  const { keeper } = drill
  if (!keeper) return
  for (const ledger of Object.keys(drill.experiment.ledgers)) {
    await keeper.quiesce(ledger)
    await drill.clock.sleep(QUIET, drill.abort.signal)
    await read(drill, ledger, 'during')
    await drill.clock.sleep(BETWEEN_READS, drill.abort.signal)
    await read(drill, ledger, 'during-again')
    keeper.resume(ledger)
  }
}

/** At the very end, whatever the drill's end: read what is there, remove what is ours, look for what is left. Never rejects. */
export async function closeLedgers(drill: Drill): Promise<void> {
  const { keeper } = drill
  if (!keeper) return
  for (const ledger of Object.keys(drill.experiment.ledgers)) {
    await keeper
      .quiesce(ledger)
      .then(() => drill.clock.sleep(QUIET))
      .then(() => read(drill, ledger, 'after'))
      .catch((error: unknown) =>
        drill.log.append({ kind: 'note', text: `ledger "${ledger}" could not be read after the drill: ${describe(error)}` }),
      )
  }
  const left = await keeper.scrub().catch((error: unknown) => [{ ledger: '*', left: [describe(error)] }])
  for (const { ledger, left: things } of left)
    for (const what of things) drill.log.append({ kind: 'left-behind', what, where: `ledger "${ledger}"` })
}

async function read(drill: Drill, ledger: string, when: ReadWhen): Promise<void> {
  for (const event of (await drill.keeper?.read(ledger, when)) ?? []) drill.log.append(event)
}
