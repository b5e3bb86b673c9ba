import { DrillCommand } from '../../cli/base-command.ts'
import { addressText } from '../../cli/input/addresses.ts'
import { table } from '../../cli/output/table.ts'
import { allLinks } from '../../cli/standing/links.ts'

export default class ProxyStatus extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'proxies'
  static override summary = 'Every link of this machine: where it goes, what passed, what harms it'
  static override examples = [{ command: '<%= config.bin %> <%= command.id %> --json', description: 'For a script' }]

  async run(): Promise<{ readonly links: Awaited<ReturnType<typeof allLinks>> }> {
    await this.parse(ProxyStatus)
    const links = await allLinks(process.env)
    const rows = links.map(({ name, listen, to, pid, connections, rules }) => [
      name,
      `${addressText(listen)} → ${addressText(to)}`,
      `pid ${pid}`,
      `${connections.open} open of ${connections.seen}`,
      rules.length === 0 ? 'unharmed' : this.paint.red(`${rules.length} fault(s)`),
    ])
    this.log(rows.length === 0 ? 'No link is up. To put one in: firedrill proxy up NAME --to host:port' : table(rows))
    return { links }
  }
}
