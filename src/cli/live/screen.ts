import type { Paint } from '../host/terminal.ts'
import { columns } from '../output/text.ts'
import type { Line, Style } from './frame.ts'

/** A terminal, as far as the live view knows it. */
export interface ScreenPort {
  write(text: string): void
  size(): { readonly columns: number; readonly rows: number }
}

export interface Screen {
  /** Lines that stay and scroll away above, then the frame that is drawn anew each time. */
  show(staying: readonly string[], frame: readonly string[]): void
  /** Takes the frame away and gives the cursor back. */
  close(): void
}

const ESC = '\u001B['
const HIDE = `${ESC}?25l`
const SHOW = `${ESC}?25h`
/** Synchronised output: terminals that know it show a whole frame at once, others ignore it. */
const BEGIN = `${ESC}?2026h`
const END = `${ESC}?2026l`

export function createScreen(port: ScreenPort): Screen {
  let drawn: readonly string[] = []
  let hidden = false

  /** The terminal may have become narrower since: then a drawn line takes several rows now. */
  const rowsDrawn = (): number => {
    const width = Math.max(1, port.size().columns)
    return drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columns(line) / width)), 0)
  }
  const toTop = (): string => (drawn.length === 0 ? '' : `${ESC}${rowsDrawn()}A\r${ESC}J`)

  return {
    show(staying, frame) {
      if (staying.length === 0 && frame.length === drawn.length && frame.every((line, i) => line === drawn[i])) return
      const text = [...staying, ...frame].map((line) => `${line}\n`).join('')
      port.write(`${BEGIN}${hidden ? '' : HIDE}${toTop()}${text}${END}`)
      hidden = true
      drawn = frame
    },
    close() {
      if (!hidden) return
      port.write(`${toTop()}${SHOW}`)
      hidden = false
      drawn = []
    },
  }
}

/** Blue and orange: told apart by every kind of eye, and the shapes say it too. */
export function painter(paint: Paint): (line: Line) => string {
  const vivid = paint.level >= 2
  const styles: Readonly<Record<Style, (text: string) => string>> = {
    plain: (text) => text,
    dim: paint.dim,
    bold: paint.bold,
    good: vivid ? paint.hex('#3b82c4') : paint.cyan,
    bad: vivid ? paint.hex('#e06c1f').bold : paint.yellow.bold,
    warn: vivid ? paint.hex('#d9a520') : paint.yellow,
  }
  return (line) => line.map(({ text, style }) => styles[style](text)).join('')
}
