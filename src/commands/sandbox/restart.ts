import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../../cli/base-command.ts'
import { homeFolder } from '../../cli/host/home.ts'
import { table } from '../../cli/output/table.ts'
import { type Restarted, sandboxRestart } from '../../cli/standing/sandbox.ts'

export default class SandboxRestart extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'restart'
  static override summary = 'Bring back a dead process of the sandbox, or all of a region'
  static override args = { name: Args.string({ required: true, description: 'A process such as eu-db, or a region: eu, us' }) }
  static override flags = {
    supervisor: Flags.string({
      summary: "The supervisor's address; default $SANDBOX_SUPERVISOR_URL, else the standing sandbox",
      env: 'SANDBOX_SUPERVISOR_URL',
      helpValue: 'URL',
    }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> eu', description: 'Everything of a region that is dead' },
    { command: '<%= config.bin %> <%= command.id %> eu-db --supervisor $SANDBOX_SUPERVISOR_URL', description: "In a drill's action" },
  ]

  async run(): Promise<Restarted> {
    const { args, flags } = await this.parse(SandboxRestart)
    const done = await sandboxRestart(homeFolder(process.env), args.name, flags.supervisor)
    this.log(table(Object.entries(done)))
    return done
  }
}
