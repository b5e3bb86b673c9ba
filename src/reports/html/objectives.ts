import type { DrillRecord, ObjectiveResult } from '../../domain/record.ts'
import { objectiveWord, sayMeasured, sayTarget } from '../words.ts'
import { badge, toneOf } from './badge.ts'
import { type Html, html, section } from './markup.ts'

const WIDTH = 320
const HEIGHT = 44
const BAR = { top: 16, height: 12 }

/** What was promised against what was measured: one row each, the interval drawn on the target's own scale. */
export const objectives = ({ objectives: all }: DrillRecord): Html =>
  section(
    'objectives',
    'Objectives',
    all.length === 0 ? html`<p>Nothing was promised, so nothing was judged.</p>` : html`<ul class="objectives">${all.map(objective)}</ul>`,
  )

const objective = (one: ObjectiveResult): Html => html`<li>
<div class="what"><h3>${objectiveWord(one.name)}</h3>${badge(one.verdict)}</div>
<div class="numbers"><span class="measured">${'reason' in one.measured ? 'not measured' : sayMeasured(one.measured)}</span> <span class="target">target ${sayTarget(one)}</span></div>
<figure>${chart(one)}</figure>
<p class="why">${one.reason}${'reason' in one.measured ? '' : `. How: ${one.measured.method}`}</p></li>`

/** The interval as a bar over the shaded part of the scale that keeps the promise; open ends are arrows. */
function chart(one: ObjectiveResult): Html {
  const { measured, target } = one
  const label = `${objectiveWord(one.name)}: ${sayMeasured(measured)}, target ${sayTarget(one)}, ${one.verdict}`
  const [lo, hi] = [measured.lo ?? 0, measured.hi ?? measured.lo ?? 0]
  const top = Math.max(hi, target.value, lo) * 1.25 || 1
  const x = (value: number): number => Number(((value / top) * (WIDTH - 12)).toFixed(1)) + 2
  const kept = target.op === '<=' ? { from: 2, to: x(target.value) } : { from: x(target.value), to: WIDTH - 10 }
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">
<rect class="kept" x="${kept.from}" y="8" width="${Math.max(0, kept.to - kept.from)}" height="28"/>
<line class="axis" x1="2" y1="36" x2="${WIDTH - 10}" y2="36"/>
${bar(one, x)}
<line class="goal" x1="${x(target.value)}" y1="4" x2="${x(target.value)}" y2="40"/>
<path class="goal" d="M${x(target.value) - 4} 0h8l-4 6z"/></svg>`
}

function bar({ measured, verdict }: ObjectiveResult, x: (value: number) => number): Html {
  const { top, height } = BAR
  if ('reason' in measured || (measured.lo === null && measured.hi === null)) {
    return html`<text x="8" y="${top + 10}">not measured</text>`
  }
  const from = x(measured.lo ?? 0)
  const to = measured.hi === null ? WIDTH - 14 : x(measured.hi)
  const arrow =
    measured.hi === null ? html`<path class="${toneOf(verdict)}" d="M${to} ${top - 3}l10 ${height / 2 + 3}l-10 ${height / 2 + 3}z"/>` : null
  return html`<rect class="${toneOf(verdict)}" x="${from}" y="${top}" width="${Math.max(3, Number((to - from).toFixed(1)))}" height="${height}"/>${arrow}`
}
