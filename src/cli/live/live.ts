import type { LedgerTally } from '../../contracts/keeper.ts'
import type { JournalEntry } from '../../domain/event.ts'
import type { Plan } from '../../domain/plan.ts'
import type { SampleBlock } from '../../domain/sample.ts'
import { sayAt } from '../../reports/words.ts'
import type { Paint } from '../host/terminal.ts'
import { cut, harmless, wrap } from '../output/text.ts'
import { drawFrame, type Line, type Style } from './frame.ts'
import { say, type Tone } from './say.ts'
import { createScreen, painter, type ScreenPort } from './screen.ts'
import { createLiveFold } from './state.ts'

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

interface Said {
  readonly when: string
  readonly text: string
  readonly style: Style
}

function saidAt(entry: JournalEntry): Said | null {
  const said = say(entry.event)
  return said && { when: `${sayAt(entry.at).padStart(11)}  `, text: harmless(said.text), style: STYLE[said.tone] }
}

/** As many lines as it needs, the later ones under the text and not under the time. */
function linesOf({ when, text, style }: Said, width: number): readonly Line[] {
  const room = Math.max(20, width - when.length - 1)
  return wrap(text, room).map((line, i) => [
    { text: i === 0 ? when : ' '.repeat(when.length), style: 'dim' },
    { text: cut(line, room), style },
  ])
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
      const said = saidAt(entry)
      if (said !== null) pending.push(...linesOf(said, port.size().columns).map(colour))
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
      const said = saidAt(entry)
      if (said !== null) write(`${said.when}${said.text}`)
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
