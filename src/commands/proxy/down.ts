import { Args } from '@oclif/core'
import { DrillCommand } from '../../cli/base-command.ts'
import { takeLink } from '../../cli/standing/links.ts'

export default class ProxyDown extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'down'
  static override summary = 'Take a link away; its connections are reset'
  static override args = { name: Args.string({ required: true, description: 'The link' }) }
  static override examples = [{ command: '<%= config.bin %> <%= command.id %> db', description: 'Idempotent' }]

  async run(): Promise<{ readonly ended: boolean }> {
    const { args } = await this.parse(ProxyDown)
    const ended = await takeLink(args.name, process.env)
    this.log(ended ? `${args.name} is down.` : `There was no link ${args.name}.`)
    return { ended }
  }
}
