/** First half of the page's own script, plain and small: no library, no network. How each lane of the timeline is drawn on the shared axis. */
export const DRAWING = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const plot = document.getElementById('plot')
const tip = document.getElementById('tip')
const output = document.getElementById('view')
const lanes = [...plot.querySelectorAll('canvas')]
let from = data.from
let to = data.to
let drag = null
let colours = {}

const fixed = (value, span) => value.toFixed(Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(span)))))
const short = (s) => (s >= 1 ? +s.toPrecision(3) + ' s' : s >= 0.001 ? +(s * 1e3).toPrecision(3) + ' ms' : +(s * 1e6).toPrecision(3) + ' µs')
const firstAt = (at, time) => {
  let low = 0
  let high = at.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}
const pattern = (g, colour) => {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 6
  const t = tile.getContext('2d')
  t.strokeStyle = colour
  t.beginPath()
  t.moveTo(0, 6)
  t.lineTo(6, 0)
  t.stroke()
  return g.createPattern(tile, 'repeat')
}

function phases(g, x, width, height) {
  data.phases.forEach((phase, i) => {
    const [a, b] = [x(phase.from), x(phase.to)]
    if (b < 0 || a > width) return
    g.fillStyle = i % 2 ? colours.panel : colours.band
    g.fillRect(a, 0, Math.max(1, b - a), height)
    const left = Math.max(a, 0) + 5
    if (Math.min(b, width) - left > g.measureText(phase.name).width + 3) {
      g.fillStyle = colours.ink
      g.fillText(phase.name, left, height / 2)
    }
  })
}

function marks(g, x, width, height) {
  const ends = [-1, -1, -1, -1]
  const row = (height - 6) / ends.length
  for (const mark of data.marks) {
    const at = x(mark.at)
    if (at < -1 || at > width + 1) continue
    const text = g.measureText(mark.short).width
    const flip = at + text + 8 > width
    const free = ends.findIndex((end) => end < (flip ? at - text - 8 : at))
    const y = (free < 0 ? ends.length - 1 : free) * row
    g.strokeStyle = colours.muted
    g.beginPath()
    g.moveTo(at, y)
    g.lineTo(at, height)
    g.stroke()
    if (free < 0) continue
    ends[free] = (flip ? at : at + text + 8) + 4
    g.fillStyle = colours.ink
    g.fillText(mark.short, flip ? at - text - 4 : at + 4, y + row / 2)
  }
}

function fault(g, x, width, height, of) {
  const end = of.end === null ? width : x(of.end)
  const [top, tall] = [6, height - 12]
  g.strokeStyle = g.fillStyle = colours.fault
  if (of.hi === null) {
    g.setLineDash([4, 3])
    g.strokeRect(x(of.call), top, Math.max(2, end - x(of.call)), tall)
    g.setLineDash([])
    g.fillStyle = colours.ink
    g.fillText('no effect', end + 70 < width ? Math.max(4, end + 6) : Math.max(4, x(of.call) + 8), height / 2)
    return
  }
  g.fillStyle = pattern(g, colours.fault)
  g.fillRect(x(of.call), top, x(of.hi) - x(of.call), tall)
  g.fillStyle = colours.fault
  g.globalAlpha = of.end === null ? 0.25 : 1
  g.fillRect(x(of.hi), top, Math.max(2, end - x(of.hi)), tall)
  g.globalAlpha = 1
  if (of.end === null) g.fillRect(x(of.hi), top, 3, tall)
}

function range(of, first, last) {
  let low = Infinity
  let high = -Infinity
  for (let i = first; i < last; i++) {
    if (of.min[i] !== null && of.min[i] > 0 && of.min[i] < low) low = of.min[i]
    if (of.max[i] !== null && of.max[i] > high) high = of.max[i]
  }
  return low <= high ? [low / 1.6, high * 1.4] : null
}

function latency(g, x, width, of, first, last, top, bottom) {
  const seen = range(of, first, last)
  g.fillStyle = colours.muted
  if (!seen) return g.fillText('nothing was served', 6, (top + bottom) / 2)
  const [low, high] = seen.map(Math.log10)
  const y = (s) => bottom - ((Math.log10(s) - low) / (high - low)) * (bottom - top)
  g.strokeStyle = colours.line
  let above = Infinity
  const labels = []
  for (let power = Math.floor(low); power <= high; power++)
    for (const step of high - low > 1.5 ? [1] : [1, 2, 5]) {
      const s = step * 10 ** power
      if (Math.log10(s) < low || Math.log10(s) > high || above - y(s) < 13) continue
      above = y(s)
      g.beginPath()
      g.moveTo(0, y(s))
      g.lineTo(width, y(s))
      g.stroke()
      labels.push([short(s), y(s)])
    }
  const wide = Math.max(1, x(of.width) - x(0))
  g.fillStyle = colours.latency
  for (let i = first; i < last; i++) {
    if (of.mid[i] === null) continue
    g.globalAlpha = 0.35
    g.fillRect(x(of.at[i]), y(of.max[i]), wide, Math.max(1, y(Math.max(of.min[i], 1e-9)) - y(of.max[i])))
    g.globalAlpha = 1
    g.fillRect(x(of.at[i]), y(Math.max(of.mid[i], 1e-9)) - 1, Math.max(wide, 2), 2)
  }
  for (const [text, at] of labels) {
    g.fillStyle = colours.paper
    g.globalAlpha = 0.85
    g.fillRect(1, at - 7, g.measureText(text).width + 5, 13)
    g.globalAlpha = 1
    g.fillStyle = colours.muted
    g.fillText(text, 3, at)
  }
}

function strip(g, x, of, first, last, top, tall) {
  const wide = Math.max(1, x(of.width) - x(0)) + 0.6
  const hatch = pattern(g, colours.unknown)
  for (let i = first; i < last; i++) {
    const all = of.good[i] + of.bad[i] + of.unknown[i]
    if (!all) continue
    const left = x(of.at[i])
    if (of.good[i]) {
      g.fillStyle = colours.good
      g.fillRect(left, top + tall - 4, wide, 4)
    }
    if (of.unknown[i]) {
      g.fillStyle = hatch
      g.fillRect(left, top + tall * 0.3, wide, tall * 0.7)
    }
    if (of.bad[i]) {
      const share = Math.max(0.35, of.bad[i] / all)
      g.fillStyle = colours.bad
      g.fillRect(left, top + tall * (1 - share), wide, tall * share)
    }
  }
}

function outages(g, x, of) {
  g.fillStyle = colours.bad
  for (const { probe, onset, end } of data.outages) {
    if (probe !== of.probe) continue
    const last = end === null ? [data.to, data.to] : end
    g.fillRect(x(onset[0]), 3, x(last[1]) - x(onset[0]), 1)
    g.fillRect(x(onset[1]), 1, Math.max(1, x(last[0]) - x(onset[1])), 5)
    const text = end === null ? 'not over' : short(Math.max(0, end[0] - onset[1])) + ' to ' + short(end[1] - onset[0])
    g.fillText(text, Math.max(4, x(last[1]) + 5), 6)
  }
}

function probe(g, x, width, height, of) {
  const first = Math.max(0, firstAt(of.at, from - of.width))
  const last = firstAt(of.at, to + of.width)
  for (const one of data.faults) {
    if (one.hi === null || one.end === null) continue
    g.fillStyle = colours.fault
    g.globalAlpha = 0.1
    g.fillRect(x(one.hi), 0, x(one.end) - x(one.hi), height)
    g.globalAlpha = 1
  }
  latency(g, x, width, of, first, last, 12, height - 30)
  strip(g, x, of, first, last, height - 24, 20)
  outages(g, x, of)
}

function axis(g, x, width, height) {
  const span = to - from
  const rough = span / Math.max(2, width / 90)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)
  g.fillStyle = colours.muted
  g.strokeStyle = colours.muted
  for (let n = Math.ceil(from / step); n * step <= to; n++) {
    const at = x(n * step)
    g.beginPath()
    g.moveTo(at, 0)
    g.lineTo(at, 5)
    g.stroke()
    const text = fixed(n * step, step * 100)
    g.fillText(text, Math.min(Math.max(0, at - g.measureText(text).width / 2), width - g.measureText(text).width), 14)
  }
}
`
