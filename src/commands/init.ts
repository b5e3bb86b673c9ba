import { Args, Flags } from '@oclif/core'
import { type InitJson, initFile } from '../cli/authoring/init.ts'
import { DrillCommand } from '../cli/base-command.ts'

export default class Init extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'init'
  static override summary = 'Write a commented experiment that validates and plans'
  static override args = { file: Args.string({ description: 'Where to write it', default: 'drill.yaml' }) }
  static override flags = { force: Flags.boolean({ summary: 'Overwrite a file that is there' }) }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'Writes drill.yaml, a drill on the embedded sandbox' },
    {
      command: '<%= config.bin %> <%= command.id %> drills/region.yaml && <%= config.bin %> run drills/region.yaml',
      description: 'From nothing to a measured drill',
    },
  ]

  async run(): Promise<InitJson> {
    const { args, flags } = await this.parse(Init)
    const result = initFile(args.file, flags.force)
    this.log(
      `${result.file} is written. Next:\n  firedrill validate ${result.file}\n  firedrill plan ${result.file}\n  firedrill run ${result.file}`,
    )
    return result
  }
}
