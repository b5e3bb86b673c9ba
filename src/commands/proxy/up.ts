import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../../cli/base-command.ts'
import { addressText, parseAddress } from '../../cli/input/addresses.ts'
import { putLink } from '../../cli/standing/links.ts'

export default class ProxyUp extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'proxyUp'
  static override summary = 'Put a link in the path of a system of your own, for link faults'
  static override description =
    'It passes everything through until a drill says otherwise, and outlives the drill. Point your client at the address it prints.'
  static override args = { name: Args.string({ required: true, description: 'What the experiment calls it: {link: {name: …}}' }) }
  static override flags = {
    to: Flags.string({ required: true, summary: 'Where it connects to', helpValue: 'host:port' }),
    listen: Flags.string({ summary: 'Where it listens', default: '0', helpValue: '[host:]port' }),
    log: Flags.string({ summary: 'A file for what it did (NDJSON)', helpValue: 'FILE' }),
  }
  static override examples = [
    {
      command: '<%= config.bin %> <%= command.id %> db --to db.internal:5432 --listen 15432',
      description: 'Between an application and its database',
    },
  ]

  async run(): Promise<{
    readonly name: string
    readonly listen: string
    readonly to: string
    readonly pid: number
    readonly control: string
  }> {
    const { args, flags } = await this.parse(ProxyUp)
    const [listen, to] = [parseAddress(flags.listen), parseAddress(flags.to)]
    const { port, pid, control } = await putLink({ name: args.name, listen, to, ...(flags.log && { log: flags.log }) }, process.env)
    const result = { name: args.name, listen: addressText({ ...listen, port }), to: addressText(to), pid, control }
    this.log(`${result.name}: ${result.listen} → ${result.to} (pid ${pid}). To take it away: firedrill proxy down ${result.name}`)
    return result
  }
}
