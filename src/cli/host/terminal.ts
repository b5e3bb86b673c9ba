import { Chalk, type ColorSupportLevel } from 'chalk'

type Env = Readonly<Record<string, string | undefined>>

/** How a person, or nobody, is there. */
export interface Terminal {
  /** stderr is a terminal that understands cursor movement. */
  readonly live: boolean
  /** A person can be asked: stdin and stderr are terminals and this is no CI. */
  readonly asks: boolean
  readonly ci: boolean
}

const SET = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== 'false' && value !== '0'

export const isCi = (env: Env): boolean => SET(env['CI']) || SET(env['GITHUB_ACTIONS']) || SET(env['BUILD_NUMBER']) || SET(env['TF_BUILD'])

/** Whether there is somebody to watch and to ask. */
export function terminalOf(env: Env, streams: { readonly stdin: { isTTY?: boolean }; readonly stderr: { isTTY?: boolean } }): Terminal {
  const ci = isCi(env)
  const screen = streams.stderr.isTTY === true && env['TERM'] !== 'dumb' && !ci
  return { live: screen, asks: screen && streams.stdin.isTTY === true, ci }
}

const LEVELS: readonly ColorSupportLevel[] = [0, 1, 2, 3]

/**
 * The level of colour of one stream: 0 none, 1 sixteen, 2 256, 3 all. `NO_COLOR` (any value but empty) and `FORCE_COLOR` (`0` to `3`) win over
 * what the stream is; colour never goes into a pipe by itself.
 */
export function colourLevel(env: Env, stream: { isTTY?: boolean; getColorDepth?: () => number }): ColorSupportLevel {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return 0
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced === '' || forced === 'true' ? 1 : (LEVELS[Number(forced)] ?? 0)
  if (stream.isTTY !== true || env['TERM'] === 'dumb') return 0
  const depth = stream.getColorDepth?.() ?? 4
  if (depth >= 24) return 3
  return depth >= 8 ? 2 : 1
}

export type Paint = InstanceType<typeof Chalk>

export const paintFor = (level: ColorSupportLevel): Paint => new Chalk({ level })
