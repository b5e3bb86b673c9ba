import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { runFile } from '../cli/drill/run-file.ts'
import { settingOf } from '../cli/drill/setting.ts'
import { exitTable } from '../cli/host/exit-table.ts'
import { failureOf, renderFailure } from '../cli/host/failure.ts'
import { shownPath } from '../cli/input/experiment-files.ts'
import { renderSummary } from '../cli/output/summary.ts'
import type { DrillRecord } from '../domain/record.ts'

export default class Run extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'record'
  static override summary = 'Run a drill: break what the experiment says, measure, undo, report'
  static override description =
    `On anything but the sandbox it shows the plan and asks; where nobody can be asked it needs --approve or --yes.
Ctrl-C aborts and undoes; a second one says what is being waited for; a third leaves the rest to the watchdog.

EXIT CODES
${exitTable()}`
  static override args = { file: Args.file({ required: true, description: 'The experiment' }) }
  static override flags = {
    set: Flags.string({ multiple: true, multipleNonGreedy: true, summary: 'Set a variable: name=value', helpValue: 'name=value' }),
    out: Flags.string({ summary: 'Folder of the reports; default reports/<run>', helpValue: 'DIR' }),
    approve: Flags.string({
      summary: "Begin if the plan's hash begins so: what `plan` printed and somebody approved",
      helpValue: 'HASH',
      exclusive: ['yes'],
    }),
    yes: Flags.boolean({ char: 'y', summary: 'Begin without asking' }),
    'force-quit': Flags.boolean({ summary: 'A second Ctrl-C leaves at once; the watchdog undoes' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> experiments/sandbox/region-loss.yaml', description: 'A drill on the embedded sandbox' },
    {
      command: '<%= config.bin %> <%= command.id %> drill.yaml --set host=staging.example.com --approve 3f2a9c41d07b',
      description: 'In CI, as approved',
    },
  ]

  async run(): Promise<DrillRecord> {
    const { args, flags } = await this.parse(Run)
    const done = await runFile({
      setting: settingOf({ file: args.file, sets: flags.set ?? [], version: this.config.version, progress: (text) => this.progress(text) }),
      out: flags.out,
      yes: flags.yes,
      approve: flags.approve,
      forceQuit: flags['force-quit'],
      quiet: this.quiet,
      terminal: this.terminal,
      paint: this.progressPaint,
      write: (text) => process.stderr.write(text),
    })
    const { record, out, error, unwritten } = done
    this.log(renderSummary(record, { paint: this.paint, width: process.stdout.columns || 100, out: shownPath(out) }))
    if (unwritten) process.stderr.write(renderFailure(failureOf(unwritten), this.progressPaint))
    for (const command of error?.next ?? []) process.stderr.write(`  try: ${command}\n`)
    process.exitCode = record.exit
    return record
  }
}
