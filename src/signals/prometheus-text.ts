export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([A-Za-z_:][\w:]*)\s*(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+([+-]?(?:\d|\.\d|Inf)\S*|NaN)(?:\s+\S+)?\s*$/
const LABEL = /([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g
const VALUES: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
}

/** The series of an exposition in the text format 0.0.4 (or OpenMetrics); comments and lines that are no series are passed over. */
export function parseMetrics(text: string): readonly Series[] {
  const series: Series[] = []
  for (const line of text.split('\n')) {
    const [, name, labels = '', value = ''] = line.startsWith('#') ? [] : (LINE.exec(line.replace(/ # \{.*$/, '')) ?? [])
    if (name === undefined) continue
    series.push({ name, labels: parseLabels(labels), value: VALUES[value] ?? Number(value) })
  }
  return series
}

const parseLabels = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(text.matchAll(LABEL), ([, name = '', value = '']) => [name, unescape(value)]))

const unescape = (value: string): string => value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
