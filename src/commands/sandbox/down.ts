import { DrillCommand } from '../../cli/base-command.ts'
import { homeFolder } from '../../cli/host/home.ts'
import { sandboxDown } from '../../cli/standing/sandbox.ts'

export default class SandboxDown extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'down'
  static override summary = 'End the sandbox that `sandbox up` started; nothing of it is left'
  static override examples = [{ command: '<%= config.bin %> <%= command.id %>', description: 'Idempotent' }]

  async run(): Promise<{ readonly ended: boolean }> {
    await this.parse(SandboxDown)
    const ended = await sandboxDown(homeFolder(process.env))
    this.log(ended ? 'The sandbox is down.' : 'No sandbox was up.')
    return { ended }
  }
}
