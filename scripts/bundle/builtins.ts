import type { Plugin } from 'rolldown'

/** Each costs 3 to 20 ms to load. All that we take from them are functions, classes and dns' `promises`. */
const COSTLY = ['child_process', 'crypto', 'dns', 'http', 'https', 'net', 'readline', 'tls'].map((name) => `node:${name}`)

/** What measures or undoes must not wait for a built-in later: it loads them when it starts. */
const AT_ONCE = /\/src\/(?:(?:cli|engine|platforms)\/.*-main|commands\/(?:run|undo))\.ts$/

const nameOf = (id: string): string => id.slice('\0lazy:'.length)

const lazyModule = (id: string): string => `
let loaded
const load = () => (loaded ??= process.getBuiltinModule('${id}'))
const later = (name) => new Proxy(function () {}, {
  apply: (_, self, args) => Reflect.apply(load()[name], self, args),
  construct: (_, args, target) => Reflect.construct(load()[name], args),
  get: (_, key) => load()[name][key],
})
${Object.keys(process.getBuiltinModule(id) ?? {})
  .filter((name) => /^[a-zA-Z]\w*$/.test(name) && name !== 'default')
  .map((name) => `export const ${name} = /* @__PURE__ */ later('${name}')`)
  .join('\n')}
`

/** Reading an experiment needs no TLS: our own modules load a costly built-in when they first call it. */
export const lazyBuiltins = (source: string): Plugin => ({
  name: 'lazy-builtins',
  resolveId: (id, importer) => (COSTLY.includes(id) && importer?.startsWith(source) ? `\0lazy:${id}` : null),
  load: (id) => (id.startsWith('\0lazy:') ? lazyModule(nameOf(id)) : null),
  transform: (code, id) =>
    AT_ONCE.test(id) ? `for (const name of ${JSON.stringify(COSTLY)}) process.getBuiltinModule(name)\n${code}` : null,
})

const IMPORT = /^import (?:\{([^}]*)\}|(\S+)) from "(node:[a-z_/]+)";$/gm

/** An import of a built-in reads all its names: with the one called WebSocket of node:http all of undici, 25 ms. Taking only what is used does not. */
export const onlyWhatIsUsed: Plugin = {
  name: 'only-what-is-used',
  renderChunk: (code) =>
    code.replaceAll(IMPORT, (_, names: string | undefined, whole: string, from: string) => {
      const taken = names === undefined ? whole : `{${names.replaceAll(' as ', ': ')}}`
      return `const ${taken} = process.getBuiltinModule("${from}");`
    }),
}
