import { Args, Flags } from '@oclif/core'
import { builtIn, type CatalogJson, renderCatalog, select } from '../cli/authoring/catalog.ts'
import { DrillCommand } from '../cli/base-command.ts'

export default class Catalog extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'catalog'
  static override summary = 'Every fault, action, probe, signal, ledger, load and report, with its parameters'
  static override args = { only: Args.string({ description: 'A list (faults) or part of a name (link/); shows their parameters' }) }
  static override flags = { long: Flags.boolean({ char: 'l', summary: 'Parameters of everything' }) }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'One line each' },
    { command: '<%= config.bin %> <%= command.id %> process/kill', description: 'One kind with its parameters, effect and undo' },
    { command: '<%= config.bin %> <%= command.id %> --json', description: 'All of it, parameters as JSON Schema' },
  ]

  async run(): Promise<CatalogJson> {
    const { args, flags } = await this.parse(Catalog)
    const catalog = select(builtIn(), args.only)
    const detailed = flags.long || args.only !== undefined
    this.log(renderCatalog(catalog, { detailed, width: process.stdout.columns || 100, paint: this.paint }))
    return catalog
  }
}
