import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { html } from '../../src/reports/html.ts'
import { regionLoss } from '../fixtures/report/drill.ts'

const folder = mkdtempSync(join(tmpdir(), 'report-page-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Chromium as root needs no sandbox of its own; it fetches nothing here. A missing one is a failure: this is the suite of real parts. */
function browse(file: string, args: readonly string[]): string {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${join(folder, 'profile')}`]
  return execFileSync('chromium', [...flags, ...args, pathToFileURL(file).href], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

test('the page runs its script under its own policy and draws every lane', () => {
  const file = join(folder, 'report.html')
  writeFileSync(file, html.render(regionLoss))
  const dom = browse(file, ['--window-size=1200,2000', '--virtual-time-budget=2000', '--dump-dom'])
  expect(dom).toMatch(/<output id="view">-?0\.0+ s to 61\.9\d* s<\/output>/)
  const widths = [...dom.matchAll(/<canvas [^>]*width="(\d+)"/g)].map(([, width]) => Number(width))
  expect(widths.length).toBe(4 + 2 + regionLoss.series.length - 1)
  for (const width of widths) expect(width).toBeGreaterThan(500)
})

test('a script that is not its own does not run', () => {
  const file = join(folder, 'tampered.html')
  const own = html.render(regionLoss)
  writeFileSync(file, own.replace('</main>', '</main><script>document.title = "taken"</script>'))
  expect(browse(file, ['--virtual-time-budget=2000', '--dump-dom'])).not.toContain('<title>taken')
})
