import { PHASES } from '../../domain/event.ts'
import { sayAt } from '../../reports/words.ts'
import { count, span } from '../output/format.ts'
import { columns, cut, harmless, pad } from '../output/text.ts'
import type { FaultView, LiveState } from './state.ts'
import type { Cell } from './strip.ts'

/** How a piece is shown; every style that means something is in the words or shapes too. */
export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'bad' | 'warn'
export interface Piece {
  readonly text: string
  readonly style: Style
}
export type Line = readonly Piece[]

const piece = (text: string, style: Style = 'plain'): Piece => ({ text, style })

/** Height tells good from bad where there is no colour, or no eye for it. */
const GLYPHS: Readonly<Record<Cell, Piece>> = {
  none: piece(' '),
  good: piece('▁', 'good'),
  some: piece('▄', 'warn'),
  bad: piece('█', 'bad'),
  unknown: piece('?', 'dim'),
}

const NAME_WIDTH = 14
const TAIL_WIDTH = 30
const label = (name: string): Piece => piece(pad(cut(` ${name}`, NAME_WIDTH), NAME_WIDTH), 'bold')

/** Neighbours of one style as one piece, so that a strip costs few escape codes. */
function join(pieces: Line): Line {
  const joined: Piece[] = []
  for (const each of pieces) {
    const last = joined.at(-1)
    if (last && last.style === each.style) joined[joined.length - 1] = piece(last.text + each.text, last.style)
    else joined.push(each)
  }
  return joined
}

function head(state: LiveState, now: number, width: number): Line {
  const title = state.plan.experiment.title
  const clock = sayAt(now)
    .replace(/\d\d s$/, ' s')
    .replace(/(\.\d) s$/, '$1 s')
  const what = state.abort === null ? (state.phase ?? 'starting') : 'aborting'
  return [
    piece(` ${what} `, state.abort === null ? 'bold' : 'bad'),
    piece(` ${clock}  `),
    piece(cut(harmless(title), Math.max(10, width - 30)), 'dim'),
  ]
}

function phases(state: LiveState): Line {
  return PHASES.flatMap((phase): Line => {
    const mark = phase === state.phase ? '▸' : state.done.has(phase) ? '✓' : '·'
    return [piece(` ${mark}${phase}`, phase === state.phase ? 'bold' : 'dim')]
  })
}

function probeTail(state: LiveState, name: string, now: number): Piece {
  const strip = state.strips.get(name)
  const last = strip?.last()
  if (!strip || !last) return piece(' no sample yet', 'dim')
  const share = strip.share(now, 5)
  const latency = last.good === undefined ? 'missed' : last.good ? `${Math.round((last.latency ?? 0) * 1000)} ms` : `bad ${last.code}`
  const text = ` ${share === null ? '' : `${(share * 100).toFixed(share === 1 ? 0 : 1)} % good, `}${harmless(latency)}`
  return piece(cut(text, TAIL_WIDTH), last.good === false ? 'bad' : 'plain')
}

function probes(state: LiveState, now: number, width: number): readonly Line[] {
  const room = Math.max(8, Math.min(120, width - NAME_WIDTH - TAIL_WIDTH - 1))
  return [...state.strips].map(([name, strip]) => {
    const cells = strip.draw(room, now).map((cell) => GLYPHS[cell])
    return [label(name), ...join([...cells, piece(' '.repeat(room - cells.length))]), probeTail(state, name, now)]
  })
}

function ledgers(state: LiveState, now: number): readonly Line[] {
  return [...state.tallies.values()].map((tally) => {
    const age = tally.lastAck === null ? 'none acknowledged yet' : `last ${span(Math.max(0, now - tally.lastAck))} ago`
    const text = `${count(tally.acknowledged)} acknowledged, ${count(tally.refused)} refused, ${count(tally.indeterminate)} unknown, ${age}`
    return [label(tally.ledger), piece(text)]
  })
}

const FAULT_STYLE: Readonly<Record<FaultView['state'], Style>> = {
  waiting: 'dim',
  injecting: 'warn',
  injected: 'warn',
  bites: 'warn',
  'no effect': 'bad',
  ending: 'warn',
  undoing: 'warn',
  back: 'good',
  failed: 'bad',
}

function faults(state: LiveState): readonly Line[] {
  return [...state.faults.values()].map((fault) => [
    label(fault.name),
    piece(`${fault.fault}: `),
    piece(fault.state, FAULT_STYLE[fault.state]),
    piece(fault.detail === '' ? '' : `, ${harmless(fault.detail)}`, 'dim'),
  ])
}

const BAR = 12
function race(name: string, elapsed: number, limit: number, note: string): Line {
  const full = Math.min(BAR, Math.round((elapsed / limit) * BAR))
  const late = elapsed > limit
  const bar = `${'━'.repeat(full)}${'┄'.repeat(BAR - full)}`
  return [
    label(name),
    piece(bar, late ? 'bad' : 'plain'),
    piece(` ${span(elapsed)} of ${span(limit)}${late ? ', over' : ''}`, late ? 'bad' : 'plain'),
    piece(` ${note}`, 'dim'),
  ]
}

/** Time to the objectives that run against a clock, from the effect on. What counts in the end is measured from the samples later. */
function objectives(state: LiveState, now: number): readonly Line[] {
  const { rto, detection } = state.plan.experiment.objectives
  const effects = [...state.faults.values()].flatMap((fault) => (fault.effectAt ? [fault.effectAt.lo] : []))
  const from = effects.length > 0 ? Math.min(...effects) : state.firstCall
  if (from === null) return []
  const lines: Line[] = []
  if (detection) {
    const fired = state.firing.get(detection.signal)
    const firing = fired?.state === 'firing' && fired.at.hi >= from
    lines.push(
      race('detection', (firing ? fired.at.hi : now) - from, detection.within, firing ? 'fired' : `waiting for ${detection.signal}`),
    )
  }
  if (rto) {
    const since = state.strips.get(rto.to.probe)?.goodSince() ?? null
    const good = since !== null && since >= from
    const note = good ? `good for ${span(now - since)} of ${span(rto.hold)}` : `waiting for ${rto.to.probe}`
    lines.push(race('rto', (good ? since : now) - from, rto.within, note))
  }
  return lines
}

function foot(state: LiveState): Line {
  if (state.undoing.size > 0) return [piece(` undoing ${[...state.undoing].join(', ')}`, 'warn')]
  if (state.abort !== null) return [piece(` ${harmless(state.abort)}`, 'bad')]
  return [piece(' Ctrl-C aborts and undoes', 'dim')]
}

/** Cuts a line to the width of the screen, so that it never wraps. */
export function fit(line: Line, width: number): Line {
  const out: Piece[] = []
  let room = width
  for (const each of line) {
    if (room <= 0) break
    const text = cut(each.text, room)
    out.push({ ...each, text })
    room -= columns(text)
  }
  return out
}

/** The whole view at one moment; lines at most `width` wide and `height` many, the least important dropped first. */
export function drawFrame(state: LiveState, now: number, width: number, height: number): readonly Line[] {
  const must = [head(state, now, width), ...probes(state, now, width)]
  const more = [phases(state), ...objectives(state, now), ...faults(state), ...ledgers(state, now), foot(state)]
  const room = Math.max(0, height - must.length)
  return [...must, ...more.slice(0, room)].slice(0, Math.max(1, height)).map((line) => fit(line, width - 1))
}
