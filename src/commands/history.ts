import { Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { type HistoryJson, historyOf, renderHistory } from '../cli/runs/history.ts'

export default class History extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'history'
  static override summary = 'Drills of this machine and of the reports folder, newest first'
  static override description =
    'Exits 0 when the newest of every experiment held, 1 when one did not, 2 when it cannot be told (no drill, or unknown).'
  static override flags = {
    reports: Flags.string({ summary: 'Folder of reports', default: 'reports', helpValue: 'DIR' }),
    limit: Flags.integer({ summary: 'Show at most so many', default: 20, min: 1 }),
    title: Flags.string({ summary: 'Only experiments whose title or file contains this' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'The last twenty' },
    { command: '<%= config.bin %> <%= command.id %> --title region --json', description: 'Of one experiment, for a script' },
  ]

  async run(): Promise<HistoryJson> {
    const { flags } = await this.parse(History)
    const { json, exit } = await historyOf({ reports: flags.reports, limit: flags.limit, title: flags.title, env: process.env })
    this.log(renderHistory(json, this.paint))
    process.exitCode = exit
    return json
  }
}
