import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Interfaces, run, settings } from '@oclif/core'
import { usage } from '../domain/error.ts'
import { nearest } from '../experiment/document/suggest.ts'
import { failureJson, failureOf, renderFailure } from './host/failure.ts'
import { onUncaught } from './host/posix-signals.ts'
import { colourLevel, paintFor } from './host/terminal.ts'

/** Whoever reads our output may stop reading (`| head`); a drill goes on all the same. */
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}

/** `firedrill sandbox up`: the words before the first flag, for `--help` hints. */
const commandOf = (argv: readonly string[]): string => {
  const known = argv.slice(0, 2).filter((word) => /^[a-z]+$/.test(word))
  return ['firedrill', ...(known[0] === 'sandbox' || known[0] === 'proxy' ? known : known.slice(0, 1))].join(' ')
}

/** A word that is no command is a slip of the finger: the command that was meant, else all of them. */
function mistyped(error: unknown, argv: readonly string[], root: string): unknown {
  if (!(error instanceof Error && /^command .* not found$/.test(error.message))) return error
  const known = readdirSync(join(root, 'dist', 'commands'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.replace(/\.js$/, '').replaceAll('/', ' '))
  const typed = argv.filter((word) => !word.startsWith('-')).slice(0, 2)
  const meant = nearest(typed.join(' '), known) ?? nearest(typed[0] ?? '', known)
  return usage(`There is no command ${typed.join(' ')}.`, 'COMMAND_UNKNOWN', [`firedrill ${meant ?? '--help'}`])
}

function show(thrown: unknown, argv: readonly string[], root: string): number {
  const error = mistyped(thrown, argv, root)
  const failure = failureOf(error, commandOf(argv))
  if (wantsJson(argv)) process.stdout.write(failureJson(failure))
  else process.stderr.write(renderFailure(failure, paintFor(colourLevel(process.env, process.stderr))))
  return failure.exit
}

/** oclif ends a command early (`--help`, `exit()`) by throwing an error that is none. */
const quietExit = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && error.code === 'EEXIT' && 'oclif' in error
    ? ((error.oclif as { readonly exit?: number }).exit ?? 0)
    : undefined

type PackageJson = NonNullable<Interfaces.PJSON>

/** oclif's completion plugin costs as much as all the rest of a start: it is there for whoever names it, asks for help or mistypes. */
function packageFor(argv: readonly string[], root: string): PackageJson {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson
  const own = existsSync(join(root, 'dist', 'commands', `${argv[0]}.js`)) && !argv.includes('--help')
  return own ? { ...pjson, oclif: { ...pjson.oclif, plugins: [] } } : pjson
}

/** To exit drops what the reader of a pipe has not taken yet, and a pipe holds no more than 64 kB. */
const taken = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else stream.write('', () => resolve())
  })

/** The program: runs the command that `argv` names and ends the process with its exit code. The only place that ends it. */
export async function main(argv: readonly string[], root: string): Promise<void> {
  tolerateClosedPipes()
  onUncaught((error) => process.exit(show(error, argv, root)))
  settings.performanceEnabled = false
  // Node ends with 13 when everything waits for something that never comes.
  const stuck = (code: number): void => {
    if (code === 13) process.exitCode = show(new Error('it waits for something that never comes'), argv, root)
  }
  process.once('exit', stuck)
  try {
    const [first, ...words] = argv
    await run(first === 'help' ? [...words, '--help'] : [...argv], { root, pjson: packageFor(argv, root) })
  } catch (error) {
    process.exitCode = quietExit(error) ?? show(error, argv, root)
  }
  process.removeListener('exit', stuck)
  await Promise.all([process.stdout, process.stderr].map(taken))
  process.exit()
}
