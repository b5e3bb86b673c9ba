import type { ReportInput } from '../../contracts/report.ts'
import { sayEvents } from '../events.ts'
import { sayAt } from '../words.ts'
import type { PageData } from './data.ts'
import { type Html, html, section, table } from './markup.ts'

interface View {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Stretches of the drill that people look at first. */
function views(data: PageData): readonly View[] {
  const named = (name: string, from: number | undefined, to: number | undefined): readonly View[] =>
    from === undefined || to === undefined || to <= from ? [] : [{ name, from, to }]
  const first = data.faults[0]
  const outage = data.outages[0]
  const failback = data.phases.find((phase) => phase.name === 'failback')
  const pad = outage?.end ? Math.max(0.5, (outage.end[1] - outage.onset[0]) * 0.15) : 0
  return [
    { name: 'Whole drill', from: data.from, to: data.to },
    ...named('Injection', first && first.call - 0.5, first && Math.max(first.hi ?? first.call, first.call) + 0.5),
    ...named('First outage', outage && outage.onset[0] - pad, outage?.end ? outage.end[1] + pad : undefined),
    ...named('Failback', failback?.from, failback?.to),
  ]
}

const lane = (kind: string, index: number, title: string, height: number): Html =>
  html`<div class="lane"><p class="name" aria-hidden="true">${title}</p><canvas data-kind="${kind}" data-index="${index}" height="${height}" aria-hidden="true"></canvas></div>`

/** Everything on one clock, drawn by the page's script at any zoom; the same as a list below it, which needs no script and no eyes. */
export function timeline(input: ReportInput, data: PageData): Html {
  const events = sayEvents(input.journal).filter((event) => event.weight !== 'quiet')
  return section('timeline', 'Timeline', [
    html`<div class="tools" role="toolbar" aria-label="What the timeline shows">${views(data).map(
      ({ name, from, to }) => html`<button type="button" data-from="${from}" data-to="${to}">${name}</button>`,
    )}<button type="button" data-zoom="0.5" aria-label="Zoom in">+</button><button type="button" data-zoom="2" aria-label="Zoom out">−</button><output id="view"></output></div>`,
    html`<div id="plot" tabindex="0" role="group" aria-label="Timeline. Arrow keys move, plus and minus zoom, 0 shows the whole drill. The same events are listed in the table below.">
${lane('phases', 0, 'Phase', 26)}${lane('marks', 0, 'Events', 74)}${data.faults.map((fault, i) => lane('fault', i, fault.name, 24))}${data.series.map((one, i) => lane('probe', i, one.probe, 104))}${lane('axis', 0, 'Seconds', 24)}
<div id="tip" hidden></div></div>`,
    html`<p class="legend muted"><span class="key key-good"></span> served <span class="key key-bad"></span> bad <span class="key key-unknown"></span> nobody knows <span class="key key-latency"></span> latency, least to greatest, logarithmic <span class="key key-outage"></span> outage, thin where its ends are uncertain. Drag to zoom, double click to see all.</p>`,
    data.series.length === 0 ? html`<p>No probe was sampled.</p>` : html``,
    html`<noscript><p>Scripts are off: the drawing is missing, everything it shows is in the tables.</p></noscript>`,
    html`<details><summary>All ${events.length} events</summary>${table(
      'Events',
      [{ head: 'When', number: true }, { head: 'What' }],
      events.map(({ at, text }) => [sayAt(at), text]),
    )}</details>`,
  ])
}
