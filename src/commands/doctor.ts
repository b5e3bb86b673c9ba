import { DrillCommand } from '../cli/base-command.ts'
import { type DoctorJson, examine } from '../cli/doctor/examine.ts'
import { renderDoctor } from '../cli/doctor/render.ts'
import { EXIT } from '../domain/verdict.ts'

export default class Doctor extends DrillCommand {
  static readonly effect = 'reads'
  static readonly result = 'doctor'
  static override summary = 'What is installed, reachable and permitted here, and how precise the clock and the prober are'
  static override description = `Takes about three seconds. Exits ${EXIT.refused} when something that every drill needs is missing, else 0.`
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'Is this machine fit for a drill?' },
    { command: '<%= config.bin %> <%= command.id %> --json', description: 'The same for a script' },
  ]

  async run(): Promise<DoctorJson> {
    await this.parse(Doctor)
    const result = await examine(process.env, (text) => this.progress(text))
    this.log(renderDoctor(result, this.paint))
    process.exitCode = result.fit ? EXIT.held : EXIT.refused
    return result
  }
}
