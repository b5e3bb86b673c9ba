import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'

const FILES = { experiment: 'experiment.schema.json', record: 'record.schema.json', cli: 'cli.schema.json' } as const

export default class Schema extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'schema'
  static override summary = 'Where the JSON Schemas lie: of experiments, of the record, of what `--json` prints'
  static override args = {
    name: Args.string({ description: 'Which', options: Object.keys(FILES), default: 'experiment' }),
  }
  static override flags = { print: Flags.boolean({ summary: 'Print the schema instead of its path' }) }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'For an editor: # yaml-language-server: $schema=<path>' },
    { command: '<%= config.bin %> <%= command.id %> record --print', description: 'The schema itself' },
  ]

  async run(): Promise<{ readonly name: string; readonly path: string }> {
    const { args, flags } = await this.parse(Schema)
    const path = join(this.config.root, 'schema', FILES[args.name as keyof typeof FILES])
    this.log(flags.print ? readFileSync(path, 'utf8').trimEnd() : path)
    return { name: args.name, path }
  }
}
