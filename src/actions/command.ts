import { resolve } from 'node:path'
import { defineAction } from '../contracts/action.ts'
import { reveal } from '../contracts/secret.ts'
import { refused } from '../domain/error.ts'
import { count, either, list, mapOf, type Of, object, secret, text } from '../domain/shape.ts'
import { runCommand, sayEnd } from '../platforms/process/run.ts'
import { quote } from '../platforms/process/words.ts'

const parameters = object(
  { argv: list(text(), { min: 1, doc: 'The command and its words; no shell is involved', examples: ['[./shift-home.sh, eu]'] }) },
  {
    env: mapOf(either(text(), secret()), { key: 'text', doc: 'Added to the environment; a value may be a secret by reference' }),
    folder: text({ doc: "Where it runs; default the experiment's folder" }),
    ok: list(count({ max: 255 }), { min: 1, doc: 'Exit codes that count as done; default 0', examples: ['[0, 3]'] }),
  },
)

/** A step that a command takes. */
export const command = defineAction<Of<typeof parameters>>({
  name: 'command',
  summary: 'Runs a command and waits for its end',
  parameters,
  describe: ({ argv }) => quote(argv),
  async perform({ argv, env = {}, folder = '.', ok = [0] }, context) {
    const revealed = Object.entries(env).map(([name, value]) => [name, reveal(value, context)] as const)
    const asked = { argv, folder: resolve(context.folder, folder), env: { FIREDRILL_RUN: context.run, ...Object.fromEntries(revealed) } }
    const ended = await runCommand(asked, context.signal)
    if (ended.code === null || !ok.includes(ended.code)) throw refused(`${quote(argv)}: ${sayEnd(ended)}`, 'COMMAND_FAILED')
    return `${quote(argv)}: ${sayEnd(ended)}`
  },
})
