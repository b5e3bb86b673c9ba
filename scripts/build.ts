// Bundles src/ to dist/ and writes oclif's manifest. Types are `npm run check`'s business; here they are stripped.
import { cpSync, globSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, posix, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { lazyBuiltins, onlyWhatIsUsed } from './bundle/builtins.ts'
import { credentialsOnly, isCredentials } from './bundle/kubernetes.ts'
import { noWindows, oclifAsNeeded, oclifEdits } from './bundle/oclif.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = resolve(root, 'src')

/** Inlined with all they need, because reading 230 small files costs more than all of `validate`; the last one is the bundler's own helpers. */
const INLINED = ['@oclif/core', 'yaml', 'chalk', '@kubernetes/client-node', '@oxc-project/runtime']

const packageOf = (id: string): string =>
  id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/')
const isBare = (id: string): boolean => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('\0') && !id.startsWith('node:')

/**
 * A module finds its neighbours (a thread's or a child's entry file) relative to its own place, but in a bundle it lies in a chunk:
 * there `import.meta.url` is the URL that the module would have had.
 */
const ownUrls: Plugin = {
  name: 'own-urls',
  transform(code, id) {
    if (!id.startsWith(source) || !code.includes('import.meta.url')) return null
    const place = posix.relative(source, id).replace(/\.ts$/, '.js')
    return code.replaceAll('import.meta.url', `__OWN_URL__(${JSON.stringify(place)})`)
  },
  renderChunk(code, chunk) {
    if (!code.includes('__OWN_URL__(')) return null
    return code.replaceAll(/__OWN_URL__\("([^"]+)"\)/g, (_, place: string) => {
      const from = posix.relative(posix.dirname(chunk.fileName), place)
      return `new URL(${JSON.stringify(from)}, import.meta.url).href`
    })
  },
}

const commandIds = (): readonly string[] =>
  globSync('**/*.ts', { cwd: resolve(source, 'commands') }).map((path) => path.replace(/\.ts$/, '').replaceAll('/', ':'))

async function bundle(): Promise<void> {
  const entries = globSync(['commands/**/*.ts', '**/*-main.ts', 'cli/main.ts', 'cli/hooks/*.ts'], { cwd: source })
    .filter((path) => !path.endsWith('.test.ts'))
    .toSorted()
  const built = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((path) => [path.replace(/\.ts$/, ''), resolve(source, path)])),
    platform: 'node',
    // Node 24 knows all that we write: nothing is lowered, and stacks stay readable.
    transform: { target: 'esnext' },
    tsconfig: false,
    treeshake: { moduleSideEffects: (id) => !isCredentials(id) },
    external: (id, importer) => isBare(id) && importer?.startsWith(source) === true && !INLINED.includes(packageOf(id)),
    plugins: [credentialsOnly, ownUrls, lazyBuiltins(source), oclifEdits, oclifAsNeeded, noWindows, onlyWhatIsUsed],
    // oclif's own `__dirname` look-ups and optional requires (ts-node, typescript) stay what they are: run-time attempts.
    logLevel: 'warn',
  })
  await built.write({
    dir: resolve(root, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    cleanDir: true,
  })
  await built.close()
}

/** What modules read beside themselves (weights, styles) lies beside them in dist/ too. */
function copyAssets(): void {
  const assets = globSync('**/*', { cwd: source, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
  for (const { parentPath, name } of assets) {
    const from = resolve(parentPath, name)
    cpSync(from, resolve(root, 'dist', posix.relative(source, from)), { recursive: true })
  }
}

/** Without the manifest oclif imports every command at every start. */
async function writeManifest(): Promise<void> {
  const { Config } = await import(pathToFileURL(resolve(root, 'node_modules/@oclif/core/lib/index.js')).href)
  rmSync(resolve(root, 'oclif.manifest.json'), { force: true })
  const config = await Config.load({ root, ignoreManifest: true })
  const { commands } = config.rootPlugin.manifest
  // oclif only warns about a command that it cannot import.
  const missing = commandIds().filter((id) => !(id in commands))
  if (missing.length > 0) throw new Error(`these commands cannot be loaded: ${missing.join(', ')}`)
  writeFileSync(resolve(root, 'oclif.manifest.json'), `${JSON.stringify(config.rootPlugin.manifest)}\n`)
}

await bundle()
copyAssets()
await writeManifest()
