export type DiagnosticSeverity = 'error' | 'warning' | 'note'

/** One problem of an experiment file. Lines and columns count from 1, columns in characters; `endColumn` is the first one behind it. */
export interface Diagnostic {
  readonly severity: DiagnosticSeverity
  /** Stable, upper snake case: scripts and docs refer to it. */
  readonly code: string
  readonly message: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endColumn: number
  /** What to write instead. */
  readonly suggestion?: string
}

/** A piece of the text, as offsets into it; `end` is behind the last character. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What a reader calls when something is wrong. */
export type Report = (severity: DiagnosticSeverity, code: string, span: Span, message: string, suggestion?: string) => void

export interface Collector {
  readonly report: Report
  /** In the order of the text, each problem once. */
  diagnostics(): readonly Diagnostic[]
  failed(): boolean
}

/** Gathers problems by offset and hands them out by line and column. */
export function collector(file: string, source: Source): Collector {
  const found = new Map<string, { readonly start: number; readonly diagnostic: Diagnostic }>()
  const report: Report = (severity, code, span, message, suggestion) => {
    const diagnostic = { severity, code, message, file, ...source.place(span), ...(suggestion === undefined ? {} : { suggestion }) }
    const key = `${span.start} ${code} ${message}`
    if (!found.has(key)) found.set(key, { start: span.start, diagnostic })
  }
  return {
    report,
    diagnostics: () => [...found.values()].toSorted((a, b) => a.start - b.start).map(({ diagnostic }) => diagnostic),
    failed: () => [...found.values()].some(({ diagnostic }) => diagnostic.severity === 'error'),
  }
}

export interface Source {
  /** Without a byte order mark: what offsets count in. */
  readonly text: string
  /** From 1. */
  lineOf(offset: number): number
  place(span: Span): { readonly line: number; readonly column: number; readonly endColumn: number }
}

/** Offsets to lines and columns. A line ends at LF, CR LF or CR; a character outside the BMP is one column. */
export function sourceOf(withMark: string): Source {
  const text = withMark.startsWith('\uFEFF') ? withMark.slice(1) : withMark
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (match) => match.index + match[0].length)]
  const lineOf = (offset: number): number => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
  const place = ({ start, end }: Span): { line: number; column: number; endColumn: number } => {
    const line = lineOf(start)
    const from = starts[line - 1] ?? 0
    const until = (starts[line] ?? text.length + 1) - 1
    const characters = (to: number): number => Array.from(text.slice(from, to)).length + 1
    const column = characters(start)
    return { line, column, endColumn: Math.max(column + 1, characters(Math.min(end, until))) }
  }
  return { text, lineOf, place }
}
