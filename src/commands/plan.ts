import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { planFile } from '../cli/drill/plan-file.ts'
import { settingOf } from '../cli/drill/setting.ts'
import { renderGrants, renderPlan } from '../cli/output/plan.ts'
import { refused } from '../domain/error.ts'
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
    rbac: Flags.boolean({ summary: 'Print only the manifests that grant what the drill needs, for `kubectl apply -f -`' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> region-loss.yaml', description: 'Targets, calls, undo, blast radius, hash' },
    {
      command: '<%= config.bin %> <%= command.id %> pod-kill.yaml --rbac | kubectl apply -f -',
      description: 'A ServiceAccount that may run this drill, and nothing else',
    },
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
    if (flags.rbac) return this.#grants(plan)
    this.log(renderPlan(plan, this.paint))
    process.exitCode = plan.refusals.length > 0 ? EXIT.refused : EXIT.held
    return plan
  }

  /** That rights are missing is no failure here: these grant them. */
  #grants(plan: Plan): Plan {
    const text = renderGrants(plan)
    if (text === '')
      throw refused('Nothing that this drill acts on grants rights by manifests.', 'NO_GRANTS', [`firedrill plan ${plan.source.file}`])
    this.log(text)
    return plan
  }
}
