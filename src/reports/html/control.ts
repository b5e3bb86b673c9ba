/** Second half of the page's own script: one range of time for all lanes, changed by buttons, keys, dragging and the wheel. */
export const CONTROL = String.raw`
function draw() {
  const style = getComputedStyle(document.documentElement)
  for (const name of ['ink', 'muted', 'line', 'paper', 'panel', 'band', 'good', 'bad', 'unknown', 'fault', 'latency'])
    colours[name] = style.getPropertyValue('--' + name).trim()
  const scale = window.devicePixelRatio || 1
  for (const canvas of lanes) {
    const width = canvas.clientWidth
    const height = (canvas.dataset.height ??= canvas.getAttribute('height')) | 0
    canvas.width = Math.max(1, Math.round(width * scale))
    canvas.height = height * scale
    const g = canvas.getContext('2d')
    g.scale(scale, scale)
    g.font = '12px system-ui, sans-serif'
    g.textBaseline = 'middle'
    const x = (time) => ((time - from) / (to - from)) * width
    const { kind, index } = canvas.dataset
    if (kind === 'phases') phases(g, x, width, height)
    if (kind === 'marks') marks(g, x, width, height)
    if (kind === 'fault') fault(g, x, width, height, data.faults[index])
    if (kind === 'probe') probe(g, x, width, height, data.series[index])
    if (kind === 'axis') axis(g, x, width, height)
    if (drag && drag.to !== drag.from) {
      g.fillStyle = colours.latency
      g.globalAlpha = 0.18
      g.fillRect(x(Math.min(drag.from, drag.to)), 0, Math.abs(x(drag.to) - x(drag.from)), height)
    }
  }
  output.textContent = fixed(from, to - from) + ' s to ' + fixed(to, to - from) + ' s'
}

let asked = 0
const redraw = () => {
  cancelAnimationFrame(asked)
  asked = requestAnimationFrame(draw)
}
function show(a, b) {
  const span = Math.max(1e-4, Math.min(b - a, data.to - data.from))
  from = Math.max(data.from, Math.min(a, data.to - span))
  to = from + span
  tip.hidden = true
  redraw()
}
const zoom = (by, around = (from + to) / 2) => show(around - (around - from) * by, around + (to - around) * by)

const timeOf = (event) => {
  const box = lanes[0].getBoundingClientRect()
  return from + (Math.max(0, Math.min(box.width, event.clientX - box.left)) / box.width) * (to - from)
}

function describe(time, canvas) {
  if (canvas?.dataset.kind === 'probe') {
    const of = data.series[canvas.dataset.index]
    const i = firstAt(of.at, time) - 1
    if (i < 0) return ''
    const served = of.mid[i] === null ? 'nothing served' : short(of.mid[i]) + (of.min[i] === of.max[i] ? '' : ' (' + short(of.min[i]) + ' to ' + short(of.max[i]) + ')')
    return of.probe + ': ' + served + '; good ' + of.good[i] + ', bad ' + of.bad[i] + ', unknown ' + of.unknown[i]
  }
  const near = data.marks.filter((mark) => Math.abs(mark.at - time) < (to - from) / 100)
  if (near.length > 0) return near.map((mark) => mark.text).join(' ')
  return data.phases.find((phase) => phase.from <= time && time < phase.to)?.name ?? ''
}

plot.addEventListener('pointerdown', (event) => {
  if (event.button !== 0 || event.pointerType === 'touch') return
  const time = timeOf(event)
  drag = { from: time, to: time }
})
window.addEventListener('pointermove', (event) => {
  if (drag) {
    drag.to = timeOf(event)
    return redraw()
  }
  const canvas = event.target.closest?.('#plot canvas')
  tip.hidden = !canvas
  if (!canvas) return
  const time = timeOf(event)
  const text = describe(time, canvas)
  tip.textContent = fixed(time, to - from) + ' s' + (text ? '  ' + text : '')
  const box = plot.getBoundingClientRect()
  tip.style.left = Math.max(0, Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 4)) + 'px'
  tip.style.top = event.clientY - box.top + 18 + 'px'
})
window.addEventListener('pointerup', () => {
  if (!drag) return
  const { from: a, to: b } = drag
  drag = null
  if (Math.abs(a - b) > (to - from) / 200) show(Math.min(a, b), Math.max(a, b))
  else redraw()
})
plot.addEventListener('dblclick', () => show(data.from, data.to))
plot.addEventListener('wheel', (event) => {
  if (!event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  zoom(event.deltaY > 0 ? 1.25 : 0.8, timeOf(event))
}, { passive: false })
const KEYS = {
  ArrowLeft: () => show(from - (to - from) / 8, to - (to - from) / 8),
  ArrowRight: () => show(from + (to - from) / 8, to + (to - from) / 8),
  '+': () => zoom(0.5),
  '=': () => zoom(0.5),
  '-': () => zoom(2),
  0: () => show(data.from, data.to),
}
plot.addEventListener('keydown', (event) => {
  const act = KEYS[event.key]
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  act()
})
for (const button of document.querySelectorAll('.tools button'))
  button.addEventListener('click', () => {
    if (button.dataset.zoom) zoom(+button.dataset.zoom)
    else show(+button.dataset.from, +button.dataset.to)
  })
new ResizeObserver(redraw).observe(plot)
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
window.addEventListener('beforeprint', () => {
  document.documentElement.classList.add('print')
  for (const details of document.querySelectorAll('details')) details.open = true
  draw()
})
window.addEventListener('afterprint', () => {
  document.documentElement.classList.remove('print')
  draw()
})
draw()
`
