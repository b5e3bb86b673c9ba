import type { DrillRecord } from '../../domain/record.ts'
import { lengthOf, sayNumber, VERDICT_WORDS } from '../words.ts'
import { toneOf } from './badge.ts'
import { type Html, html, pairs } from './markup.ts'

/** The verdict, in words, before anything else. */
export function overview(record: DrillRecord): Html {
  const { word, mark } = VERDICT_WORDS[record.verdict]
  const { title, hypothesis, file, mechanisms, controls } = record.experiment
  const length = lengthOf(record)
  return html`<header><p class="brand">firedrill · failover drill report</p>
<h1>${title}</h1>
${hypothesis === undefined ? null : html`<p class="hypothesis">${hypothesis}</p>`}
<div class="verdict ${toneOf(record.verdict)}" role="status"><p class="word"><span aria-hidden="true">${mark}</span> ${word}</p><p>${record.reason}</p></div>
${pairs([
  ['Run', record.run],
  ['Started', record.clock.origin.replace('T', ' ').replace('Z', ' UTC')],
  ['Length', length === null ? 'unknown' : sayNumber(Number(length.toFixed(1)), 's')],
  ['Exit code', String(record.exit)],
  ['Experiment', file],
  ['Plan', html`<span title="${record.plan.hash}">${record.plan.hash.slice(0, 12)}</span>`],
  ...(mechanisms.length > 0 ? [['Mechanisms', mechanisms.join(', ')] as const] : []),
  ...(controls.length > 0 ? [['Evidence for', controls.join(', ')] as const] : []),
])}</header>`
}
