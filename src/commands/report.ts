import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { shownPath } from '../cli/input/experiment-files.ts'
import { renderSummary } from '../cli/output/summary.ts'
import { reportFolder } from '../cli/runs/report.ts'
import type { DrillRecord } from '../domain/record.ts'

export default class Report extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'record'
  static override summary = "Measure and judge a drill again, from its folder's raw files alone"
  static override description = 'Writes the reports anew. Exits as `run` would: 0 held, 1 broken, 2 unknown, and so on.'
  static override args = { folder: Args.string({ required: true, description: "A drill's folder, or a run of this machine" }) }
  static override flags = {
    out: Flags.string({ summary: "Folder for the reports; default the drill's own", helpValue: 'DIR' }),
    'no-write': Flags.boolean({ summary: 'Only print' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> reports/20261122t153006z-4f2a9c', description: 'The same numbers again' },
    { command: '<%= config.bin %> <%= command.id %> reports/sample --no-write --json', description: 'Only the record' },
  ]

  async run(): Promise<DrillRecord> {
    const { args, flags } = await this.parse(Report)
    const { record, out } = await reportFolder(args.folder, { into: flags.out, write: !flags['no-write'], env: process.env })
    this.log(renderSummary(record, { paint: this.paint, width: process.stdout.columns || 100, out: shownPath(out) }))
    process.exitCode = record.exit
    return record
  }
}
