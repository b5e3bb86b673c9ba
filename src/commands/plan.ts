import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { planFile } from '../cli/drill/plan-file.ts'
import { settingOf } from '../cli/drill/setting.ts'
import { renderPlan } from '../cli/output/plan.ts'
import type { Plan } from '../domain/plan.ts'
import { EXIT } from '../domain/verdict.ts'

export default class PlanCommand extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'plan'
  static override summary = 'What a drill would touch, how it would be undone, and the hash that `run --approve` takes'
  static override description =
    `Reads only; a sandbox that the experiment names is brought up for the plan and taken down again. Exits 0 when \`run\` may begin, ${EXIT.refused} when it would refuse.`
  static override args = { file: Args.file({ required: true, description: 'The experiment' }) }
  static override flags = {
    set: Flags.string({ multiple: true, multipleNonGreedy: true, summary: 'Set a variable: name=value', helpValue: 'name=value' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> region-loss.yaml', description: 'Targets, calls, undo, blast radius, hash' },
    {
      command: '<%= config.bin %> <%= command.id %> region-loss.yaml --set host=scoring.example.com --json',
      description: 'With a variable, for a script',
    },
  ]

  async run(): Promise<Plan> {
    const { args, flags } = await this.parse(PlanCommand)
    const plan = await planFile(
      settingOf({ file: args.file, sets: flags.set ?? [], version: this.config.version, progress: (text) => this.progress(text) }),
    )
    this.log(renderPlan(plan, this.paint))
    process.exitCode = plan.refusals.length > 0 ? EXIT.refused : EXIT.held
    return plan
  }
}
