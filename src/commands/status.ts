import { DrillCommand } from '../cli/base-command.ts'
import { homeFolder } from '../cli/host/home.ts'
import { storeFlag } from '../cli/input/store-flag.ts'
import { renderEverywhere, runStatuses, type StatusJson, statusJson } from '../cli/runs/status.ts'
import { lookInto, openStores } from '../cli/runs/stores.ts'
import { EXIT } from '../domain/verdict.ts'

export default class Status extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'status'
  static override summary = 'What runs now, and everything that is still faulted'
  static override description = `Exits 0 when nothing of a drill that is over is still faulted, else ${EXIT['undo-failed']}.`
  static override flags = { store: storeFlag() }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'Running drills and what is still broken' },
    { command: '<%= config.bin %> <%= command.id %> --store kubernetes:eu', description: 'Also what any machine left in a cluster' },
    { command: '<%= config.bin %> <%= command.id %> --json', description: 'The same for a script' },
  ]

  async run(): Promise<StatusJson> {
    const { flags } = await this.parse(Status)
    const statuses = await runStatuses(homeFolder(process.env))
    const stores = await openStores(flags.store ?? [], process.env)
    const found = await lookInto(stores)
    this.log(renderEverywhere(statuses, found, stores.length > 0, this.paint))
    const result = statusJson(statuses, stores, found)
    process.exitCode = result.faulted ? EXIT['undo-failed'] : EXIT.held
    return result
  }
}
