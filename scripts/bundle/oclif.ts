import type { Plugin } from 'rolldown'

/** oclif asks a package of its own whether this is Windows' Linux; to us that is Linux. */
export const noWindows: Plugin = {
  name: 'no-windows',
  resolveId: (id) => (id === 'wsl-utils' ? '\0wsl-utils' : null),
  load: (id) => (id === '\0wsl-utils' ? 'export const isWsl = false' : null),
}

const REQUIRED = /^(?:const|var) (\w+_\d+) = ((?:__importDefault\()?require\("[^"]+"\)\)?);$/gm

/** oclif loads all of itself (help, templates, versions, themes) for any command. So each of its modules loads another when it first needs it. */
export const oclifAsNeeded: Plugin = {
  name: 'oclif-as-needed',
  transform(code, id) {
    if (!/@oclif\/core\/lib\/.*\.js$/.test(id)) return null
    const names: string[] = []
    const lazy = code.replaceAll(REQUIRED, (_, name: string, load: string) => {
      names.push(name)
      return `let ${name}$; const ${name} = () => (${name}$ ??= ${load});`
    })
    return names.length === 0 ? null : lazy.replaceAll(new RegExp(`\\b(${names.join('|')})\\.`, 'g'), '($1()).')
  },
}

interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

const OCLIF_EDITS: readonly Edit[] = [
  // Command names are ASCII; loading the rules of the language to sort them costs a tenth of `validate`.
  { file: 'config/plugin.js', from: 'a.id.localeCompare(b.id)', to: '(a.id < b.id ? -1 : 1)' },
  // bin/ has seen to Node's version, in less time than reading a library for it takes.
  { file: 'index.js', from: '\ncheckNodeVersion();', to: '' },
]

/** What cannot be asked of oclif by its settings. */
export const oclifEdits: Plugin = {
  name: 'oclif-edits',
  transform(code, id) {
    const edits = OCLIF_EDITS.filter(({ file }) => id.endsWith(`@oclif/core/lib/${file}`))
    const edited = edits.reduce((text, { from, to }) => text.replace(from, to), code)
    if (edits.some(({ from }) => !code.includes(from))) throw new Error(`oclif's ${id} is another one now: see to oclif-edits`)
    return edits.length === 0 ? null : edited
  },
}
