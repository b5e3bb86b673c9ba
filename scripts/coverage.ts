import { globSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'

/** The experiments whose `mechanisms:` line names each mechanism. */
function drills(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const file of globSync('experiments/**/*.yaml', { cwd: root }).toSorted()) {
    const line = /^mechanisms:\s*\[([^\]]*)\]/m.exec(readFileSync(resolve(root, file), 'utf8'))
    for (const id of (line?.[1] ?? '').split(',').map((each) => each.trim())) found.set(id, [...(found.get(id) ?? []), file])
  }
  return found
}

const link = (file: string): string => `[${basename(file, '.yaml')}](../${file})`
/** By the folder of the experiment. */
const PLACES: Readonly<Record<string, string>> = {
  sandbox: 'the embedded sandbox',
  kubernetes: 'a real control plane with nodes that kwok plays',
}
const placeOf = (file: string): string => {
  const folder = file.split('/')[1] ?? file
  return PLACES[folder] ?? folder
}

/** `docs/coverage.md` with what drills each mechanism, and where, filled in from the experiments; the words stay as they are written there. */
export function coverage(root: string): string {
  const drilled = drills(root)
  const text = readFileSync(resolve(root, 'docs/coverage.md'), 'utf8')
  return text
    .split('\n')
    .map((line) => {
      const [, id = '', mechanism = '', , measure = ''] = line.split('|').map((cell) => cell.trim())
      if (!/^M\d\d$/.test(id)) return line
      const files = drilled.get(id) ?? []
      const where = [...new Set(files.map(placeOf))].join(', ')
      const [experiment, place] = files.length === 0 ? ['*not yet*', '*nowhere yet*'] : [files.map(link).join(', '), where]
      return `| ${id} | ${mechanism} | ${experiment} | ${measure} | ${place} |`
    })
    .join('\n')
}
