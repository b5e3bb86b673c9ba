// Starts a new fault: `node scripts/new.ts fault <platform>/<name>` writes the fault, its rig and its registry line. What it writes is a
// small fault that works and passes the contract suite; replace its body. See docs/writing-a-fault.md.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const fault = (name: string, variable: string): string => `import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineFault } from '../../contracts/fault.ts'
import { refused } from '../../domain/error.ts'
import { type Of, object, text } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'

/** How often the effect is looked for. */
const EVERY = seconds(0.005)

const parameters = object({ file: text({ doc: 'The file that must not be there', examples: ['/run/maintenance'] }) })
type Spec = Of<typeof parameters>

/** Data alone: another process undoes by it, perhaps of a later version. */
type Undo = { readonly file: string; readonly token: string }

const contentOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Puts a file where none should be. */
export const ${variable} = defineFault<Spec, Undo>({
  name: '${name}',
  kind: 'state',
  summary: 'Puts a file where none should be',
  platform: null,
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  effectHow: 'The file can be read',
  undoHow: 'Removes the file, if it still holds what this drill wrote',
  permissions: ['may write to the folder of the file'],
  undoVersion: 1,
  async plan({ spec, token }, { folder }) {
    const file = resolve(folder, spec.file)
    const prior = contentOf(file) ?? null
    if (prior !== null) throw refused(\`\${file} is there already\`, 'FILE_THERE')
    return { call: \`echo \${token} > \${file}\`, undo: { file, token }, command: \`rm \${file}\`, prior }
  },
  async inject({ spec, token }, _mutation, { folder, signal }) {
    signal.throwIfAborted()
    writeFileSync(resolve(folder, spec.file), token, { flag: 'wx' })
  },
  async effect({ spec, token }, _mutation, { clock, folder, signal }) {
    const file = resolve(folder, spec.file)
    for (let lo = clock.now(); !signal.aborted; ) {
      const looked = clock.now()
      if (contentOf(file) === token) return { proven: true, level: 'data', at: { lo, hi: clock.now() }, how: \`\${file} is there\` }
      lo = looked
      await clock.sleep(EVERY, signal).catch(() => undefined)
    }
    return { proven: false, level: 'data', at: null, how: \`\${file} never came\` }
  },
  async undo({ file, token }) {
    const found = contentOf(file)
    if (found === undefined) return { state: 'not-injected', verified: true, detail: \`\${file} is not there\` }
    if (found !== token) return { state: 'drifted', verified: true, detail: \`\${file} is not what this drill wrote: it stays\` }
    rmSync(file, { force: true })
    return { state: 'undone', verified: contentOf(file) === undefined, detail: \`\${file} is removed\` }
  },
})
`

const rig = (): string => `import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { seconds } from '../../../../src/domain/time.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import type { Rig, Scene } from '../../rig.ts'

/** Something real to break, and a look at it that does not go through the fault. */
async function build(): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  let tokens = 0
  return {
    context: (extra) => testContext(lease.file, folder.path, extra),
    input: () => ({ spec: { file: 'damage' }, target: null, token: \`t\${tokens++}\`, longest: seconds(60), random: () => 0.5 }),
    harmed: () => Promise.resolve(existsSync(join(folder.path, 'damage'))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const rigs: readonly Rig[] = [{ what: 'a file', build }]
`

function write(path: string, text: string): void {
  if (existsSync(path)) throw new Error(`${path} is there already`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  process.stdout.write(`wrote ${path}\n`)
}

/** One line more, in the order of the paths. */
function register(path: string, line: string): void {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  const rest = [...lines.filter((each) => each !== ''), line].toSorted((a, b) =>
    (a.split(' from ')[1] ?? '') < (b.split(' from ')[1] ?? '') ? -1 : 1,
  )
  writeFileSync(path, `${[head, '', ...rest].join('\n')}\n`)
  process.stdout.write(`registered in ${path}\n`)
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { root: { type: 'string', default: '.' } } })
const [what, name = ''] = positionals
if (what !== 'fault' || !/^[a-z]+\/[a-z][a-z-]*$/.test(name)) {
  process.stderr.write('usage: node scripts/new.ts fault <platform>/<name>, such as disk/fill\n')
  process.exit(64)
}
const variable = name.replaceAll(/[/-]([a-z])/g, (_, letter: string) => letter.toUpperCase())
write(join(values.root, 'src/faults', `${name}.ts`), fault(name, variable))
write(join(values.root, 'test/contract/rigs', `${name}.ts`), rig())
register(join(values.root, 'src/registry/faults.ts'), `export { ${variable} } from '../faults/${name}.ts'`)
