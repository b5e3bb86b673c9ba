import { escape } from '../xml.ts'

/** Markup that is already safe. Only `html` makes it. */
export interface Html {
  readonly markup: string
}
type Part = Html | string | number | null | readonly Html[]

const put = (part: Part): string => {
  if (part === null) return ''
  if (typeof part === 'string') return escape(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map((one) => one.markup).join('')
}

/** A template whose every value is escaped, in content and in quoted attributes, unless it is markup itself. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: texts.reduce((all, text, i) => all + put(parts[i - 1] ?? null) + text),
})

/** Text of ours that is markup or code already, such as the style sheet. Never what came from a drill. */
export const trusted = (markup: string): Html => ({ markup })

export const section = (id: string, title: string, body: readonly Html[] | Html): Html =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`

export interface Column {
  readonly head: string
  /** Numbers stand right-aligned in tabular figures. */
  readonly number?: boolean
}

/** A real table with a caption for who cannot see where it stands; wide ones scroll by themselves, also by keyboard. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly (Html | string | number)[])[]): Html {
  const cls = (i: number): Html => (columns[i]?.number === true ? trusted(' class="num"') : trusted(''))
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption class="vh">${caption}</caption>
<thead><tr>${columns.map(({ head }, i) => html`<th scope="col"${cls(i)}>${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, i) => (i === 0 ? html`<th scope="row"${cls(i)}>${cell}</th>` : html`<td${cls(i)}>${cell}</td>`))}</tr>\n`,
  )}</tbody></table></div>`
}

/** What there is to say beside a name: name and value pairs. */
export const pairs = (entries: readonly (readonly [string, Html | string])[]): Html =>
  html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
