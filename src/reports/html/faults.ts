import type { DrillRecord, FaultResult } from '../../domain/record.ts'
import { sayAt, sayWhen } from '../words.ts'
import { proof } from './badge.ts'
import { type Html, html, section, table } from './markup.ts'

/** What was broken with the proof that it bit, and what was put back with the proof that nothing is left. */
export const faults = ({ faults: all }: DrillRecord): readonly Html[] => [
  section('broken', 'What was broken, and the proof', all.length === 0 ? html`<p>No fault was injected.</p>` : all.map(broken)),
  section('undone', 'What was undone, and the proof', all.length === 0 ? html`<p>There was nothing to undo.</p>` : all.map(undone)),
]

const KIND = { state: 'held until undone', event: 'happens once', expiring: 'ends by itself' } as const

const broken = ({
  name,
  fault,
  kind,
  injected,
  effect,
}: FaultResult): Html => html`<h3>${name} <span class="muted">${fault}, ${KIND[kind]}</span></h3>
<p>${proof(effect.proven, 'effect proven', 'no effect proven')} ${effect.level === null ? null : html`at the ${effect.level} plane, `}${sayWhen(effect.at)}: ${effect.how}. Call ${sayWhen(injected)}.</p>
${
  effect.perTarget.length === 0
    ? null
    : table(
        `Effect of ${name} by target`,
        [{ head: 'Target' }, { head: 'Effect between', number: true }, { head: 'Seen how' }],
        effect.perTarget.map(({ target, at, how }) => [target, sayWhen(at), how]),
      )
}`

const undone = ({
  name,
  undo,
}: FaultResult): Html => html`<h3>${name} <span class="muted">${undo.at === null ? 'nothing undone' : `back at ${sayAt(undo.at)}`}</span></h3>
<p>${proof(undo.state !== 'failed', undo.state, 'failed: still faulted')} ${readBack(undo)}</p>
${
  undo.perTarget.length === 0
    ? null
    : table(
        `Undo of ${name} by target`,
        [
          { head: 'Target' },
          { head: 'State' },
          { head: 'When', number: true },
          { head: 'Read back' },
          { head: 'Detail' },
          { head: 'By hand' },
        ],
        undo.perTarget.map((one) => [
          one.target,
          one.state,
          sayWhen(one.at),
          one.verified ? 'yes' : 'no',
          one.detail,
          html`<code>${one.command}</code>`,
        ]),
      )
}`

function readBack({ state, verified, perTarget }: FaultResult['undo']): string {
  if (state === 'not-needed')
    return perTarget.length === 0 ? 'It happened once and holds nothing.' : 'It was gone before it was to be undone.'
  if (state === 'not-injected') return 'Nothing was changed.'
  return verified ? 'Reading back showed that nothing of it is left.' : 'Not confirmed by reading back.'
}
