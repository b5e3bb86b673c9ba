import { Args, Flags } from '@oclif/core'
import { renderValidation, type ValidateJson, validateFiles } from '../cli/authoring/validate.ts'
import { DrillCommand } from '../cli/base-command.ts'
import { parseSets } from '../cli/input/sets.ts'

export default class Validate extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'validate'
  static override summary = 'Every problem of experiment files at once, each with its line and what to write instead'
  static override description = 'Exits 0 when there is no error, else 64. What is not built yet and what is not defined yet is a note.'
  static override strict = false
  static override args = { files: Args.string({ required: true, description: 'Files, folders (searched for *.yaml) or globs' }) }
  static override flags = {
    set: Flags.string({ multiple: true, multipleNonGreedy: true, summary: 'Set a variable: name=value', helpValue: 'name=value' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %> region-loss.yaml', description: 'One file' },
    {
      command: '<%= config.bin %> <%= command.id %> experiments "drills/**/*.yaml" --json',
      description: 'Folders and globs, for a script',
    },
  ]

  async run(): Promise<ValidateJson> {
    const { argv, flags } = await this.parse(Validate)
    const result = await validateFiles(argv.map(String), parseSets(flags.set ?? []), process.env)
    this.log(renderValidation(result, this.paint))
    process.exitCode = result.exit
    return result.json
  }
}
