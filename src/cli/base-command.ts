import { Command, Flags, type Interfaces } from '@oclif/core'
import { colourLevel, type Paint, paintFor, type Terminal, terminalOf } from './host/terminal.ts'

/**
 * What every command can do: results to stdout, progress to stderr, `--json` in a published schema. Each also says what it does to the world
 * (`effect`: reads, changes-target) and names its schema (`result`); neither has a default here, so that forgetting it shows.
 */
export abstract class DrillCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags: Interfaces.FlagInput = {
    quiet: Flags.boolean({ char: 'q', summary: 'No progress on stderr; results and errors only', helpGroup: 'GLOBAL' }),
  }

  protected get terminal(): Terminal {
    return terminalOf(process.env, process)
  }

  /** Colours for results on stdout. */
  protected get paint(): Paint {
    return paintFor(colourLevel(process.env, process.stdout))
  }

  /** Colours for progress on stderr. */
  protected get progressPaint(): Paint {
    return paintFor(colourLevel(process.env, process.stderr))
  }

  protected get quiet(): boolean {
    return this.argv.includes('--quiet') || this.argv.includes('-q')
  }

  protected progress(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`)
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
  }

  /** One place prints errors and sets the exit code: `main`. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }
}
