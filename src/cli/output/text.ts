import { stripVTControlCharacters } from 'node:util'

const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uFF01-\uFF60]/u
const NONE = /\p{M}|\u200D|\uFE0F/u

const cells = (character: string): number => (NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1)

/** Columns that a text takes on a terminal, colours not counted. */
export const columns = (text: string): number =>
  Array.from(stripVTControlCharacters(text)).reduce((sum, character) => sum + cells(character), 0)

/** The text cut to `width` columns, with an ellipsis where it was cut; plain text only. */
export function cut(text: string, width: number): string {
  if (columns(text) <= width) return text
  let out = ''
  let used = 0
  for (const character of text) {
    if (used + cells(character) > width - 1) break
    out += character
    used += cells(character)
  }
  return `${out}…`
}

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)))

/** Lines of at most `width` columns, broken at blanks; plain text only. */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const next = line === '' ? word : `${line} ${word}`
    if (columns(next) > width - indent.length && line !== '') {
      lines.push(line)
      line = word
    } else line = next
  }
  return [...lines, line].map((each, i) => (i === 0 ? each : indent + each))
}

/** Nothing that an answer of a target says may move the cursor of who watches. */
export const harmless = (text: string): string => stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ')
