import { Flags } from '@oclif/core'
import { DrillCommand } from '../../cli/base-command.ts'
import { homeFolder } from '../../cli/host/home.ts'
import { parseOptions } from '../../cli/input/sets.ts'
import { type StandingJson, sandboxUp } from '../../cli/standing/sandbox.ts'

export default class SandboxUp extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'sandbox'
  static override summary = 'Start the embedded two-region service and leave it running'
  static override description =
    'Prints its addresses as `export NAME=value`. It ends by `sandbox down`, or ten minutes after the last sign of use.'
  static override flags = {
    option: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      summary: 'An option of the sandbox: synchronous=true',
      helpValue: 'name=value',
    }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'Start it' },
    { command: 'eval "$(<%= config.bin %> <%= command.id %> --quiet)"', description: 'And have its addresses in this shell' },
  ]

  async run(): Promise<StandingJson> {
    const { flags } = await this.parse(SandboxUp)
    this.progress('starting the sandbox …')
    const began = performance.now()
    const result = await sandboxUp(homeFolder(process.env), parseOptions(flags.option ?? []), AbortSignal.timeout(60_000))
    this.progress(`up after ${((performance.now() - began) / 1000).toFixed(1)} s`)
    for (const [name, value] of Object.entries(result.exports)) this.log(`export ${name}='${value}'`)
    return result
  }
}
