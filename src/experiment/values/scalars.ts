import { isScalar, type Node, type Scalar } from 'yaml'
import type { ShapeNode } from '../../domain/shape.ts'
import { formatDuration, parseDuration, parsePercent, parseRate, parseSize, seconds } from '../../domain/time.ts'
import { spanOf } from '../document/document.ts'
import { nearest, oneOf } from '../document/suggest.ts'
import { hasVariable } from './variables.ts'
import { inside, type Place, sourceText, type Walk } from './walk.ts'

export type ScalarNode = Extract<
  ShapeNode,
  { readonly type: 'text' | 'flag' | 'number' | 'duration' | 'rate' | 'percent' | 'size' | 'choice' | 'name' | 'ref' }
>

/** What is wrong with a text, and what was probably meant. */
interface Wrong {
  readonly code: string
  readonly message: string
  readonly suggestion?: string | undefined
}
type Parsed = { readonly value: unknown } | Wrong

export const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/

/** Reads a scalar by its source text; undefined when it is wrong (and says so) or when a variable in it has no value yet. */
export function readScalar(node: ScalarNode, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const scalar = presentScalar(node, yaml, place, walk)
  if (scalar === undefined) return undefined
  const span = spanOf(scalar, place.span)
  const written = sourceText(scalar)
  const interpolated = node.type !== 'text' || node.interpolate
  const { text, complete } = interpolated
    ? walk.variables.expand(written, inside(scalar, walk.text, span))
    : { text: written, complete: true }
  if (!complete) {
    walk.leaveOpen()
    return node.type === 'text' ? text : undefined
  }
  const quotedLiteral = scalar.type !== undefined && scalar.type !== 'PLAIN' && !hasVariable(written)
  if (quotedLiteral && (node.type === 'number' || node.type === 'flag')) {
    walk.report('error', 'QUOTED', span, `${place.label} is ${WHAT[node.type]}; quotes make a text of it`, text)
    return undefined
  }
  const parsed = parse(node, text, place.label)
  if (!('value' in parsed)) {
    walk.report('error', parsed.code, span, parsed.message, parsed.suggestion)
    return undefined
  }
  if (node.type === 'text') warnCutText(scalar, written, place, walk)
  if (node.type === 'ref') walk.refs.push({ to: node.to, name: text, span })
  return parsed.value
}

const WHAT: Readonly<Record<ScalarNode['type'], string>> = {
  text: 'a text',
  flag: 'true or false',
  number: 'a number',
  duration: 'a duration, such as 300ms, 30s or 1m30s',
  rate: 'a rate, such as 50/s or 300/m',
  percent: 'a percentage, such as 99.9%',
  size: 'a size, such as 512B, 64KB or 1MB',
  choice: 'one of a few words',
  name: 'a name: letters, digits, - and _, a letter first',
  ref: 'the name of another entry',
}

function presentScalar(node: ScalarNode, yaml: Node | null | undefined, place: Place, walk: Walk): Scalar | undefined {
  if (yaml === null || yaml === undefined) {
    walk.report('error', 'VALUE_MISSING', place.span, `${place.label} has no value; it is ${WHAT[node.type]}`)
    return undefined
  }
  const span = spanOf(yaml, place.span)
  if (!isScalar(yaml)) {
    walk.report('error', 'WRONG_KIND', span, `${place.label} is ${WHAT[node.type]}, not a ${'items' in yaml ? 'collection' : 'reference'}`)
    return undefined
  }
  if (yaml.value === null && yaml.type === 'PLAIN') {
    const at = span.end > span.start ? span : place.span
    walk.report('error', 'VALUE_MISSING', at, `${place.label} has no value; it is ${WHAT[node.type]}`)
    return undefined
  }
  const block = yaml.type === 'BLOCK_FOLDED' || yaml.type === 'BLOCK_LITERAL'
  if (block && sourceText(yaml).trim() === '') {
    const head =
      walk.text
        .slice(span.start)
        .split(/[\r\n]/, 1)[0]
        ?.trimEnd() ?? '>'
    const message = `YAML reads ${head} as the head of a block of text, and the block is empty: quote it`
    walk.report('error', 'EMPTY_BLOCK', { start: span.start, end: span.start + head.length }, message, `"${head}"`)
    return undefined
  }
  return yaml
}

/** `title: Drill #1` is `Drill` to YAML. */
function warnCutText(scalar: Scalar, written: string, place: Place, walk: Walk): void {
  if (scalar.type !== 'PLAIN' || !scalar.range) return
  const rest = walk.text.slice(scalar.range[1]).split(/[\r\n]/, 1)[0] ?? ''
  const comment = /^[ \t]+(#[^\s#].*)$/.exec(rest)?.[1]
  if (comment === undefined) return
  const start = scalar.range[1] + rest.indexOf('#')
  const message = `YAML reads ${comment.split(' ')[0]} as a comment, which cuts ${place.label}: quote it`
  walk.report('warning', 'CUT_BY_COMMENT', { start, end: start + comment.length }, message, `"${written} ${comment.trimEnd()}"`)
}

function parse(node: ScalarNode, text: string, label: string): Parsed {
  switch (node.type) {
    case 'text':
      if (node.pattern === undefined || node.pattern.test(text)) return { value: text }
      return {
        code: 'NOT_A_MATCH',
        message: `${quoted(text)} is not ${node.what ?? `what ${label} takes`}`,
        suggestion: node.examples?.[0],
      }
    case 'flag':
      return parseFlag(text, label)
    case 'number':
      return parseNumber(node, text, label)
    case 'duration':
      return parseLength(node, text, label)
    case 'rate':
      return unit('NOT_A_RATE', parseRate(text), text, WHAT.rate, rateMeant(text))
    case 'percent':
      return unit('NOT_A_PERCENTAGE', parsePercent(text), text, WHAT.percent, percentMeant(text))
    case 'size':
      return unit('NOT_A_SIZE', parseSize(text), text, WHAT.size, sizeMeant(text))
    case 'choice':
      if (node.values.includes(text)) return { value: text }
      return {
        code: 'NOT_A_CHOICE',
        message: `${quoted(text)} is not one of ${oneOf(node.values)}`,
        suggestion: nearest(text, node.values),
      }
    case 'name':
    case 'ref': {
      if (NAME.test(text)) return { value: text }
      const meant = text.trim().replace(/[^A-Za-z0-9_-]+/g, '-')
      return { code: 'NOT_A_NAME', message: `${quoted(text)} is not ${WHAT.name}`, suggestion: NAME.test(meant) ? meant : undefined }
    }
  }
}

const quoted = (text: string): string => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`
const BARE = /^\d+(?:\.\d+)?$/

function unit(code: string, value: number | undefined, text: string, what: string, suggestion: string | undefined): Parsed {
  if (value !== undefined) return { value }
  if (BARE.test(text)) return { code: 'UNIT_MISSING', message: `${text} has no unit; this is ${what}`, suggestion }
  return { code, message: `${quoted(text)} is not ${what}`, suggestion }
}

function parseFlag(text: string, label: string): Parsed {
  if (text === 'true' || text === 'false') return { value: text === 'true' }
  const word = text.toLowerCase()
  const meant = ['yes', 'on', 'true', 'y'].includes(word) ? 'true' : ['no', 'off', 'false', 'n'].includes(word) ? 'false' : undefined
  return { code: 'NOT_A_FLAG', message: `${quoted(text)} is not true or false, which ${label} takes`, suggestion: meant }
}

function parseNumber(node: Extract<ScalarNode, { type: 'number' }>, text: string, label: string): Parsed {
  const value = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) return { code: 'NOT_A_NUMBER', message: `${quoted(text)} is not a number`, suggestion: node.examples?.[0] }
  if (node.integer && !Number.isSafeInteger(value)) return { code: 'NOT_WHOLE', message: `${label} is a whole number, not ${text}` }
  if (node.min !== undefined && value < node.min) return { code: 'OUT_OF_RANGE', message: `${label} is at least ${node.min}, not ${text}` }
  if (node.max !== undefined && value > node.max) return { code: 'OUT_OF_RANGE', message: `${label} is at most ${node.max}, not ${text}` }
  return { value }
}

function parseLength(node: Extract<ScalarNode, { type: 'duration' }>, text: string, label: string): Parsed {
  const value = parseDuration(text)
  if (value === undefined) return unit('NOT_A_DURATION', value, text, WHAT.duration, durationMeant(text))
  const limit = (bound: number): string => formatDuration(seconds(bound))
  if (node.min !== undefined && value < node.min)
    return { code: 'OUT_OF_RANGE', message: `${label} is at least ${limit(node.min)}, not ${text}`, suggestion: limit(node.min) }
  if (node.max !== undefined && value > node.max)
    return { code: 'OUT_OF_RANGE', message: `${label} is at most ${limit(node.max)}, not ${text}`, suggestion: limit(node.max) }
  return { value }
}

const DURATION_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:ms|msec|millis|milliseconds?)$/, 'ms'],
  [/^(?:s|sec|secs|seconds?)$/, 's'],
  [/^(?:m|min|mins|minutes?)$/, 'm'],
  [/^(?:h|hr|hrs|hours?)$/, 'h'],
  [/^(?:d|days?)$/, 'd'],
]

function durationMeant(text: string): string | undefined {
  if (BARE.test(text)) return `${text}s`
  const pieces = [...text.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)]
  const meant = pieces
    .map(([, amount, word]) => `${amount}${DURATION_WORDS.find(([pattern]) => pattern.test(word ?? ''))?.[1] ?? '?'}`)
    .join('')
  return parseDuration(meant) === undefined ? undefined : meant
}

function rateMeant(text: string): string | undefined {
  const [, amount, per] = /^(\d+(?:\.\d+)?)\s*(?:(?:\/|per|p|rp|qp|r\/|req\/)?\s*([smh])(?:ec|econd|in|inute|r|our)?)?$/i.exec(text) ?? []
  return amount === undefined ? undefined : `${amount}/${per?.toLowerCase() ?? 's'}`
}

function percentMeant(text: string): string | undefined {
  const amount = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text)?.[1]
  if (amount === undefined || Number(amount) > 100) return undefined
  const share = BARE.test(text) && Number(amount) < 1
  return `${share ? Number((Number(amount) * 100).toFixed(10)) : amount}%`
}

function sizeMeant(text: string): string | undefined {
  const [, amount, power] = /^(\d+(?:\.\d+)?)\s*([kmg])?(?:i?b|ytes)?$/i.exec(text) ?? []
  return amount === undefined ? undefined : `${amount}${(power ?? '').toUpperCase()}B`
}
