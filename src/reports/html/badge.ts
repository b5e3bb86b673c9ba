import type { DrillVerdict } from '../../domain/verdict.ts'
import { VERDICT_WORDS } from '../words.ts'
import { type Html, html } from './markup.ts'

type Tone = 'good' | 'bad' | 'unknown'

export const toneOf = (verdict: DrillVerdict): Tone =>
  verdict === 'held' ? 'good' : verdict === 'unknown' || verdict === 'refused' ? 'unknown' : 'bad'

/** A verdict by mark, word and colour: any two may fail. */
export const badge = (verdict: DrillVerdict): Html => {
  const { word, mark } = VERDICT_WORDS[verdict]
  return html`<span class="badge ${toneOf(verdict)}"><span aria-hidden="true">${mark}</span> ${word}</span>`
}

export const proof = (ok: boolean, yes: string, no: string): Html =>
  html`<span class="badge ${ok ? 'good' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✗'}</span> ${ok ? yes : no}</span>`
