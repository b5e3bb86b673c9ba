import type { Diagnostic } from '../../experiment/document/diagnostic.ts'
import { renderDiagnostic } from '../../experiment/document/render.ts'
import type { Paint } from '../host/terminal.ts'

/** Diagnostics with their source lines, for a terminal. */
export function renderDiagnostics(of: readonly Diagnostic[], text: string, paint: Paint): string {
  const colours = { error: paint.red.bold, warning: paint.yellow.bold, note: paint.cyan }
  const painted = {
    severity: (piece: string, severity: Diagnostic['severity']) => colours[severity](piece),
    place: (piece: string) => paint.bold(piece),
    suggestion: (piece: string) => paint.green(piece),
  }
  return of.map((each) => renderDiagnostic(each, text, painted)).join('\n\n')
}
