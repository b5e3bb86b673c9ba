import type { LedgerTally } from '../../contracts/keeper.ts'
import type { JournalEntry } from '../../domain/event.ts'
import type { Plan } from '../../domain/plan.ts'
import type { SampleBlock } from '../../domain/sample.ts'
import { clockText } from '../format.ts'
import type { Paint } from '../terminal.ts'
import { drawFrame, fit, type Line, type Style } from './frame.ts'
import { say, type Tone } from './say.ts'
import { createScreen, painter, type ScreenPort } from './screen.ts'
import { createLiveFold } from './state.ts'
import { harmless } from './text.ts'

/** Who watches a drill: a person at a terminal, or a log. */
export interface Watcher {
  entry(entry: JournalEntry): void
  samples(probe: string, block: SampleBlock): void
  tally(tally: LedgerTally): void
  /** A line of firedrill's own, such as the answer to a second Ctrl-C. */
  tell(text: string): void
  close(): void
}

const STYLE: Readonly<Record<Tone, Style>> = { plain: 'plain', quiet: 'dim', good: 'good', bad: 'bad', strong: 'bold' }
const FRAME_MS = 100

function lineOf(entry: JournalEntry): Line | null {
  const said = say(entry.event)
  if (said === null) return null
  return [
    { text: `${clockText(entry.at).padStart(11)}  `, style: 'dim' },
    { text: harmless(said.text), style: STYLE[said.tone] },
  ]
}

export interface LiveOptions {
  readonly plan: Plan
  readonly run: string
  readonly paint: Paint
  readonly port: ScreenPort
  /** The drill's clock, seconds. */
  readonly now: () => number
}

/** The drill's clock from its monotonic origin, seconds. */
export const drillClock =
  (monotonic: bigint): (() => number) =>
  () =>
    Number(process.hrtime.bigint() - monotonic) / 1e9

/** The live view: events scroll by, and below them a frame that is drawn ten times a second. */
export function watchLive({ plan, run, paint, port, now }: LiveOptions): Watcher {
  const fold = createLiveFold(plan, run)
  const screen = createScreen(port)
  const colour = painter(paint)
  let pending: string[] = []

  const draw = (): void => {
    const { columns, rows } = port.size()
    const frame = drawFrame(fold.state, now(), columns, rows - 1).map(colour)
    const staying = pending
    pending = []
    screen.show(staying, frame)
  }
  const timer = setInterval(draw, FRAME_MS)
  return {
    entry(entry) {
      fold.entry(entry)
      const line = lineOf(entry)
      if (line !== null) pending.push(colour(fit(line, 4 * port.size().columns)))
    },
    samples: (probe, block) => fold.samples(probe, block),
    tally: (tally) => fold.tally(tally),
    tell: (text) => void pending.push(text),
    close() {
      clearInterval(timer)
      draw()
      screen.close()
    },
  }
}

/** Plain lines with the drill's time, for a log: one entry, one line, no cursor. */
export function watchPlainly(write: (line: string) => void): Watcher {
  return {
    entry(entry) {
      const line = lineOf(entry)
      if (line !== null) write(line.map(({ text }) => text).join(''))
    },
    samples: () => undefined,
    tally: () => undefined,
    tell: write,
    close: () => undefined,
  }
}

export const watchNothing: Watcher = {
  entry: () => undefined,
  samples: () => undefined,
  tally: () => undefined,
  tell: () => undefined,
  close: () => undefined,
}
