import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Report, Source, Span } from './diagnostic.ts'

/** Larger than any experiment that a person keeps; keeps a hostile file from costing more than a moment. */
const MOST_CHARACTERS = 1_000_000
const MOST_OPEN_BRACKETS = 500

export interface Root {
  readonly map: YAMLMap
  /** Where the text stops to be YAML: what is read behind it may be nonsense. Infinity when all of it is. */
  readonly soundUntil: number
}

export const spanOf = (node: Node | null | undefined, fallback: Span): Span =>
  node?.range ? { start: node.range[0], end: node.range[1] } : fallback

/** Reads the text as one YAML 1.2 document with a mapping at its top, and refuses whatever YAML does behind the writer's back. */
export function readDocument(source: Source, report: Report): Root | undefined {
  const documents = parse(source, report)
  if (documents === undefined) return undefined
  const [first, second] = documents
  if (second !== undefined) {
    const start = second.range[0]
    report('error', 'SECOND_DOCUMENT', { start, end: start + 3 }, 'A second document begins here; a file holds one experiment')
  }
  if (first === undefined || first.contents === null) {
    if (first === undefined || first.errors.length === 0) report('error', 'EMPTY', { start: 0, end: 1 }, 'The file holds no experiment')
    return undefined
  }
  refuseDirective(first, source.text, report)
  refuseTricks(first, source.text, report)
  if (isMap(first.contents)) return { map: first.contents, soundUntil: syntaxErrors(first, source, report) }
  syntaxErrors(first, source, report)
  report(
    'error',
    'NOT_A_MAPPING',
    spanOf(first.contents, { start: 0, end: 1 }),
    'An experiment is a mapping of keys to values',
    'firedrill: 1',
  )
  return undefined
}

function parse(source: Source, report: Report): readonly Document.Parsed[] | undefined {
  if (source.text.length > MOST_CHARACTERS) {
    report(
      'error',
      'TOO_LARGE',
      { start: 0, end: 1 },
      `The file has more than ${MOST_CHARACTERS} characters; an experiment is a page or two`,
    )
    return undefined
  }
  const deep = tooDeepAt(source.text)
  if (deep !== undefined) {
    report('error', 'TOO_DEEP', { start: deep, end: deep + 1 }, 'The file is nested too deeply to be an experiment')
    return undefined
  }
  try {
    const parsed = parseAllDocuments(source.text, {
      version: '1.2',
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: new LineCounter(),
    })
    return 'empty' in parsed ? [] : parsed
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report('error', 'TOO_DEEP', { start: 0, end: 1 }, 'The file is nested too deeply to be an experiment')
    return undefined
  }
}

/** Where more brackets are open than any experiment opens: the parser would go down into every one of them. */
function tooDeepAt(text: string): number | undefined {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '[' || character === '{') open++
    else if (character === ']' || character === '}') open--
    if (open > MOST_OPEN_BRACKETS) return i
  }
  return undefined
}

function refuseDirective(document: Document.Parsed, text: string, report: Report): void {
  const { explicit, version } = document.directives.yaml
  if (!explicit || version === '1.2') return
  const start = text.indexOf('%YAML')
  report('error', 'YAML_VERSION', { start, end: start + 9 }, `Experiments are YAML 1.2, not ${version}`, '%YAML 1.2')
}

/** Anchors, aliases, merge keys and tags: what is written is what is read, so that a short file cannot unfold into a long one. */
function refuseTricks(document: Document.Parsed, text: string, report: Report): void {
  visit(document, (_, node) => {
    if (isPair(node)) {
      if (isScalar(node.key) && node.key.value === '<<' && node.key.type === 'PLAIN')
        report(
          'error',
          'MERGE_KEY',
          spanOf(node.key, { start: 0, end: 1 }),
          'Merge keys (<<) are not read; write the keys out, or use vars',
        )
      return
    }
    if (!isNode(node) || !node.range) return
    const span = spanOf(node, { start: 0, end: 1 })
    const before = (mark: string): Span => {
      const start = Math.max(0, text.lastIndexOf(mark[0] ?? '', span.start))
      return { start, end: start + mark.length }
    }
    if (isAlias(node)) {
      report('error', 'ALIAS', span, `*${node.source} is a YAML alias; aliases are not read`, `"*${node.source}"`)
      return
    }
    if (node.anchor !== undefined) {
      const instead = 'put the value into vars and write $NAME'
      report('error', 'ANCHOR', before(`&${node.anchor}`), `&${node.anchor} is a YAML anchor; anchors are not read`, instead)
    }
    if (node.tag !== undefined) report('error', 'TAG', before('!'), 'A YAML tag stands here; tags are not read, quotes make a text')
  })
}

const COMPARISON = /^(>=|>|<=|<)\s*([^\s,}\]#]+)/

/** One problem a line; returns the offset of the first one's line. */
function syntaxErrors(document: Document.Parsed, source: Source, report: Report): number {
  const lines = new Set<number>()
  for (const { code, pos, message } of document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const line = source.lineOf(pos[0])
    if (lines.has(line) || code === 'BAD_ALIAS') continue
    lines.add(line)
    const quote = code === 'MISSING_CHAR' ? openQuote(document, pos[0]) : undefined
    if (quote !== undefined) {
      report('error', 'YAML_MISSING_CHAR', { start: quote, end: quote + 1 }, 'The quote that opens here is never closed')
      continue
    }
    const [, operator, bound] = COMPARISON.exec(source.text.slice(comparisonStart(source.text, pos[0]))) ?? []
    if (operator !== undefined && bound !== undefined) {
      const start = comparisonStart(source.text, pos[0])
      const side = operator.startsWith('>') ? 'min' : 'max'
      const span = { start, end: start + source.text.slice(start).search(/[,}\]#\n\r]|$/) }
      report('error', 'COMPARISON', span, 'No comparison stands in a value; a bound is written with min or max', `{${side}: ${bound}}`)
    } else {
      report('error', `YAML_${code}`, { start: pos[0], end: Math.max(pos[1], pos[0] + 1) }, sentence(message, source.text.slice(pos[0])))
    }
  }
  const first = Math.min(...document.errors.map(({ pos }) => pos[0]))
  return Number.isFinite(first) ? Math.max(source.text.lastIndexOf('\n', first), 0) : Number.POSITIVE_INFINITY
}

/** The parser complains where the text ends; the writer wants to see where it began. */
function openQuote(document: Document.Parsed, end: number): number | undefined {
  let start: number | undefined
  visit(document, {
    Scalar: (_, { range, type }) => {
      if (range && range[1] === end && (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE')) start = range[0]
    },
  })
  return start
}

/** The parser points behind the `>` that it took for a block's head. */
function comparisonStart(text: string, at: number): number {
  const before = /[>|]=?\s*$/.exec(text.slice(Math.max(0, at - 3), at))
  return before ? at - before[0].length : at
}

function sentence(message: string, rest: string): string {
  if (rest.startsWith('\t')) return 'A tab cannot indent; use blanks'
  if (rest.startsWith('@') || rest.startsWith('`') || rest.startsWith('%')) return `${message}; quote the value`
  return message.split(' at line ')[0] ?? message
}
