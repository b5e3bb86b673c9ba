import { Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { storeFlag } from '../cli/input/store-flag.ts'
import { type UndoJson, undoCommand } from '../cli/runs/undo.ts'
import { EXIT } from '../domain/verdict.ts'

export default class Undo extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'undo'
  static override summary = 'Put back what a drill left broken: the work of the watchdog, by hand'
  static override description =
    `Changes back only what the run changed, and only where nobody changed it since; then reads it back. Doing it twice is harmless.
Without a flag it lists what is still broken on this machine and asks; --store looks into a cluster or a folder too, where runs of other machines have left\ntheir records. Exits ${EXIT.held} when nothing of ours is left, ${EXIT['undo-failed']} when something is, ${EXIT.refused} while the drill still runs.`
  static override flags = {
    run: Flags.string({ summary: 'Undo this run', helpValue: 'ID', exclusive: ['expired'] }),
    expired: Flags.boolean({
      summary: 'Undo, without asking, every run whose process is gone; in a store: whose lock is stale and which is overdue by a minute',
    }),
    store: storeFlag(),
    yes: Flags.boolean({ char: 'y', summary: 'Do not ask' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'List what is still broken, and ask' },
    { command: '<%= config.bin %> <%= command.id %> --run 20261122t153006z-4f2a9c', description: 'One run' },
    { command: '<%= config.bin %> <%= command.id %> --expired --json', description: 'From a scheduled job' },
    {
      command: '<%= config.bin %> <%= command.id %> --expired --store kubernetes:eu',
      description: 'What any machine left faulted in a cluster, with a kubeconfig alone',
    },
  ]

  async run(): Promise<UndoJson> {
    const { flags } = await this.parse(Undo)
    const result = await undoCommand({
      run: flags.run,
      expired: flags.expired,
      stores: flags.store ?? [],
      yes: flags.yes,
      env: process.env,
      asks: this.terminal.asks && !this.jsonEnabled(),
      paint: this.paint,
      show: (text) => this.log(text),
      progress: (text) => this.progress(text),
    })
    process.exitCode = result.exit
    return result
  }
}
