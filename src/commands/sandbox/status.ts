import { DrillCommand } from '../../cli/base-command.ts'
import { homeFolder } from '../../cli/host/home.ts'
import { table } from '../../cli/output/table.ts'
import { type StandingJson, sandboxStatus } from '../../cli/standing/sandbox.ts'

export default class SandboxStatus extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'sandbox'
  static override summary = 'The processes of the standing sandbox, and which of them are dead'
  static override examples = [{ command: '<%= config.bin %> <%= command.id %>', description: 'Name, pid' }]

  async run(): Promise<StandingJson> {
    await this.parse(SandboxStatus)
    const result = await sandboxStatus(homeFolder(process.env))
    const rows = Object.entries(result.processes).map(([name, pid]) => [name, pid === null ? this.paint.red('dead') : String(pid)])
    this.log(result.up ? table(rows) : 'No sandbox is up. To start one: firedrill sandbox up')
    return result
  }
}
