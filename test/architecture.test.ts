import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix, relative, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

/** Rooms that hold one thing a file, each with a line in the registry. */
const KINDS = ['faults', 'actions', 'probes', 'signals', 'ledgers', 'load'] as const

/** Who may import whom, a room's own files included. What is not listed is not allowed; type-only imports and re-exports count. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contracts: ['domain'],
  measure: ['domain'],
  platforms: ['domain', 'contracts'],
  experiment: ['domain', 'contracts'],
  engine: ['domain', 'contracts', 'measure'],
  evidence: ['domain', 'contracts', 'measure'],
  reports: ['domain', 'contracts', 'measure'],
  sandbox: ['domain', 'contracts', 'measure'],
  ...Object.fromEntries(KINDS.map((room) => [room, ['domain', 'contracts', 'platforms']])),
  registry: ['domain', 'contracts', 'platforms', ...KINDS, 'reports', 'sandbox', 'engine/undo'],
  cli: ['domain', 'contracts', 'measure', 'platforms', 'experiment', 'engine', 'reports', 'evidence', 'sandbox', 'registry'],
  commands: ['cli', 'contracts', 'domain'],
}

/** npm packages that a room may import at the top of a module. Types cost nothing at run time and are let through. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  experiment: ['yaml'],
  cli: ['@oclif/core', 'chalk'],
  commands: ['@oclif/core'],
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

function importsOf(root: string, file: string): readonly Import[] {
  const source = readFileSync(join(root, file), 'utf8')
  const { module, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const imports = module.staticImports.map((each) => ({
    to: each.moduleRequest.value,
    typeOnly: each.entries.length > 0 && each.entries.every(({ isType }) => isType),
  }))
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) => (moduleRequest ? [{ to: moduleRequest.value, typeOnly: isType }] : [])),
  )
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest }) => {
    const literal = /^['"]([^'"]+)['"]$/.exec(source.slice(moduleRequest.start, moduleRequest.end))
    return literal?.[1] === undefined ? [] : [{ to: literal[1], typeOnly: false }]
  })
  return [
    ...[...imports, ...exports].map((each) => ({ ...each, from: file, dynamic: false })),
    ...dynamic.map((each) => ({ ...each, from: file, dynamic: true })),
  ]
}

const roomOf = (path: string): string => path.split('/')[0] ?? ''

function violation({ from, to, typeOnly, dynamic }: Import): string | null {
  const room = roomOf(from)
  const allowed = ALLOWED[room]
  if (!allowed) return `${from}: there is no room "${room}" in the table`
  if (to.startsWith('node:')) return null
  if (!to.startsWith('.')) {
    // The door to an SDK: what the bundle keeps of a package is what this file names, and nobody loads it before it is used.
    if (from.endsWith('-sdk.ts')) return null
    if (dynamic || typeOnly) return room === 'domain' ? `${from} imports the package ${to}` : null
    const name = to
      .split('/')
      .slice(0, to.startsWith('@') ? 2 : 1)
      .join('/')
    return PACKAGES[room]?.includes(name) ? null : `${from} imports the package ${to} at its top`
  }
  const target = posix.join(posix.dirname(from), to)
  if (to.endsWith('-sdk.ts') && !dynamic && !typeOnly) return `${from} loads ${target} before it is used`
  if (target.startsWith('..')) return `${from} imports ${to}, outside src`
  const inside = roomOf(target) === room || allowed.some((each) => target.startsWith(`${each}/`))
  return inside ? null : `${from} imports ${target}`
}

function check(root: string): { readonly files: number; readonly violations: readonly string[] } {
  const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))
  const violations = files.flatMap((file) => importsOf(root, file)).flatMap((each) => violation(each) ?? [])
  return { files: files.length, violations }
}

const src = resolve(import.meta.dirname, '../src')

test('every import stays inside the table of who may import whom', () => {
  const { files, violations } = check(src)
  expect(files).toBeGreaterThan(50)
  expect(violations).toEqual([])
})

test('every relative import names a file that is there', () => {
  const files = globSync('**/*.ts', { cwd: src })
  const missing = files.flatMap((file) =>
    importsOf(src, file)
      .filter(({ to }) => to.startsWith('.') && !existsSync(join(src, dirname(file), to)))
      .map(({ to }) => `${file}: ${to}`),
  )
  expect(missing).toEqual([])
})

/** Everything that modules load: at once, or also later. What is named only as a type or by URL is not loaded. */
function loadedBy(root: string, entries: readonly string[], when: 'at once' | 'ever'): readonly string[] {
  const found = new Set(entries)
  for (const file of found) {
    if (!file.endsWith('.ts')) continue
    for (const { to, typeOnly, dynamic } of importsOf(root, file))
      if (!typeOnly && (when === 'ever' || !dynamic)) found.add(to.startsWith('.') ? posix.join(posix.dirname(file), to) : to)
  }
  return [...found]
}

test('no probe and no signal ever loads an SDK on the observer’s thread: a worker of its own does', () => {
  const SDK = '@kubernetes/client-node'
  const observing = globSync(['probes/**/*.ts', 'signals/**/*.ts', 'engine/observer/*.ts'], { cwd: src }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  const loaded = loadedBy(src, observing, 'ever')
  expect(loaded).toContain('platforms/kubernetes/observe/observe.ts')
  expect(loaded).not.toContain(SDK)
  // A load of another process stands in the thread's list, too; it is not run there.
  expect(loadedBy(src, ['cli/processes/observer-main.ts'], 'at once')).not.toContain(SDK)
  expect(loadedBy(src, ['platforms/kubernetes/observe/observe-main.ts'], 'ever')).toContain(SDK)
})

test.each([
  ['measure/x.ts', `import { a } from '../engine/y.ts'`],
  ['measure/x.ts', `import type { A } from '../engine/y.ts'`],
  ['engine/x.ts', `export { a } from '../registry/y.ts'`],
  ['engine/x.ts', `export * from '../faults/y.ts'`],
  ['engine/x.ts', `import { a } from '../platforms/process/y.ts'`],
  ['cli/x.ts', `import { a } from '../faults/process/y.ts'`],
  ['engine/x.ts', `import { parse } from 'yaml'`],
  ['sandbox/x.ts', `await import('../engine/y.ts')`],
  ['ledgers/x.ts', `import pg from 'pg'`],
  ['domain/x.ts', `import type { Client } from 'pg'`],
  ['commands/x.ts', `import { a } from '../engine/y.ts'`],
  ['platforms/x.ts', `import { A } from './a-sdk.ts'`],
  ['nowhere/x.ts', `import { a } from '../domain/y.ts'`],
])('a planted violation is found: %s %s', (file, source) => {
  const root = mkdtempSync(join(tmpdir(), 'firedrill-architecture-'))
  try {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), source)
    const { files, violations } = check(root)
    expect(files).toBe(1)
    expect(violations.join()).toContain(relative(root, join(root, file)))
  } finally {
    rmSync(root, { recursive: true })
  }
})

test.each([
  ['measure/x.ts', `import { a } from '../domain/y.ts'`],
  ['ledgers/x.ts', `import type { Client } from 'pg'\nconst pg = await import('pg')`],
  ['experiment/x.ts', `import { parse } from 'yaml'`],
  ['platforms/a-sdk.ts', `export { A } from 'a'`],
  ['platforms/x.ts', `await import('./a-sdk.ts')`],
])('what is allowed is let through: %s %s', (file, source) => {
  const root = mkdtempSync(join(tmpdir(), 'firedrill-architecture-'))
  try {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), source)
    expect(check(root).violations).toEqual([])
  } finally {
    rmSync(root, { recursive: true })
  }
})
