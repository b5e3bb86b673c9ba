import type { Diagnostic, DiagnosticSeverity } from './diagnostic.ts'

/** How a part of the text is coloured; the default does nothing. */
export interface Paint {
  readonly severity: (text: string, severity: DiagnosticSeverity) => string
  readonly place: (text: string) => string
  readonly suggestion: (text: string) => string
}

const PLAIN: Paint = { severity: (text) => text, place: (text) => text, suggestion: (text) => text }

/** Columns that a terminal gives a character: East Asian and pictographs take two, combining marks none. */
function cells(character: string): number {
  if (/\p{M}|\u200D|\uFE0F/u.test(character)) return 0
  return /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uFF01-\uFF60]/u.test(character)
    ? 2
    : 1
}

const blank = (text: string): string => Array.from(text, (character) => (character === '\t' ? '\t' : ' '.repeat(cells(character)))).join('')

/**
 * `file:line:column: severity: message`, the line, carets under the offending text, and what to write instead.
 * @param source The text of the file, as it was read.
 */
export function renderDiagnostic(of: Diagnostic, source: string, paint: Paint = PLAIN): string {
  const line = source.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)[of.line - 1] ?? ''
  const characters = Array.from(line)
  const before = characters.slice(0, of.column - 1).join('')
  const marked = characters.slice(of.column - 1, of.endColumn - 1)
  const width = marked.reduce((sum, character) => sum + cells(character), 0)
  const head = `${paint.place(`${of.file}:${of.line}:${of.column}:`)} ${paint.severity(`${of.severity}:`, of.severity)} ${of.message}`
  const caret = `${blank(before)}${paint.severity('^'.repeat(Math.max(1, width)), of.severity)}`
  const lines = [head, ...(line.trim() === '' ? [] : [`  ${line}`, `  ${caret}`])]
  if (of.suggestion !== undefined) lines.push(`  ${paint.suggestion(`write: ${of.suggestion}`)}`)
  return lines.join('\n')
}
