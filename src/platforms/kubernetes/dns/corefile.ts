/** A block of a Corefile as far as it must be understood to add a plugin to it. */
export interface ServerBlock {
  readonly zones: readonly string[]
  /** Where its body begins: right after the `{`. */
  readonly body: number
  readonly plugins: readonly { readonly name: string; readonly args: readonly string[] }[]
}

interface Token {
  readonly text: string
  readonly line: number
  readonly end: number
}

const TOKEN = /"(?:\\.|[^"\\])*"|[^\s]+/g

/** Words as CoreDNS reads them: a `#` that begins a word begins a comment, and braces count only where they stand alone. */
function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let line = 0
  let offset = 0
  for (const each of text.split('\n')) {
    for (const found of each.matchAll(TOKEN)) {
      const [word] = found
      if (word.startsWith('#')) break
      // A quotation over several lines is not followed.
      if (word.startsWith('"') && (word.length < 2 || !word.endsWith('"'))) return undefined
      tokens.push({ text: word, line, end: offset + found.index + word.length })
    }
    line += 1
    offset += each.length + 1
  }
  return tokens
}

/** The server blocks of a Corefile; undefined where it cannot be understood (braces that do not match, blocks without any). */
export function parseCorefile(text: string): readonly ServerBlock[] | undefined {
  const tokens = tokensOf(text)
  if (!tokens) return undefined
  const blocks: ServerBlock[] = []
  let header: Token[] = []
  let plugins: { name: string; args: string[]; line: number }[] = []
  let body = 0
  let depth = 0
  for (const token of tokens) {
    const { text: word, line } = token
    if (word === '{') {
      if (depth === 0 && header.length === 0) return undefined
      if (depth === 0) [body, plugins] = [token.end, []]
      depth += 1
    } else if (word === '}') {
      depth -= 1
      if (depth < 0) return undefined
      if (depth > 0) continue
      blocks.push({ zones: zonesOf(header), body, plugins: plugins.map(({ name, args }) => ({ name, args })) })
      header = []
    } else if (depth === 0) {
      // `import FILE` between blocks has none of its own.
      if (header[0]?.text === 'import' && header[0].line !== line) header = []
      header.push(token)
    } else if (depth === 1) {
      const last = plugins.at(-1)
      if (last?.line === line) last.args.push(word)
      else plugins.push({ name: word, args: [], line })
    }
  }
  const left = header.length > 0 && header[0]?.text !== 'import'
  return depth !== 0 || left ? undefined : blocks
}

const zonesOf = (header: readonly Token[]): readonly string[] =>
  header.flatMap(({ text }) => text.split(',')).flatMap((zone) => (zone === '' ? [] : [normal(zone)]))

/** `.` and `dns://.` are `.:53`. */
const normal = (zone: string): string => {
  const bare = zone.replace(/^dns:\/\//, '').toLowerCase()
  return /:\d+$/.test(bare) || bare.includes('://') || bare.startsWith('(') ? bare : `${bare}:53`
}

export const blockOf = (blocks: readonly ServerBlock[], zone: string): ServerBlock | undefined =>
  blocks.find(({ zones }) => zones.includes(normal(zone)))

/** Whether CoreDNS takes up a changed Corefile by itself. */
export const reloads = (blocks: readonly ServerBlock[]): boolean =>
  blocks.some(({ plugins }) => plugins.some(({ name, args }) => name === 'reload' && !/^0+[a-z]*$/.test(args[0] ?? '')))

/** The Corefile with a plugin as the first of the block; undefined where the result could not be understood any more. */
export function withPlugin(text: string, block: ServerBlock, plugin: readonly string[]): string | undefined {
  const rest = text.slice(block.body)
  const added = `${text.slice(0, block.body)}${plugin.map((line) => `\n    ${line}`).join('')}${rest}`
  // What follows the brace on its line would become part of the plugin.
  if (!/^[ \t\r]*(#[^\n]*)?\n/.test(rest)) return undefined
  return parseCorefile(added)?.length === parseCorefile(text)?.length ? added : undefined
}
