import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineAction } from '../contracts/action.ts'
import type { Context } from '../contracts/context.ts'
import { refused } from '../domain/error.ts'
import { type Of, object, text } from '../domain/shape.ts'
import { seconds } from '../domain/time.ts'

const parameters = object(
  { ask: text({ doc: 'What the person shall do, in a sentence', examples: ['Move the traffic home in the console'] }) },
  { done: text({ doc: 'A file that says it is done by being there: the way to answer where there is no terminal' }) },
)
type Spec = Of<typeof parameters>

const POLL = seconds(0.2)

async function fileAppears(file: string, { clock, signal }: Context): Promise<string> {
  while (!existsSync(file)) await clock.sleep(POLL, signal)
  return `${file} is there`
}

async function answered(ask: NonNullable<Context['ask']>, question: string, signal: AbortSignal): Promise<string> {
  if (await ask(question, signal)) return 'a person said that it is done'
  throw refused(`The person said no: ${question}`, 'MANUAL_REFUSED')
}

/** A step that a person takes. Nobody who could answer is a failure, never a guess. */
export const manual = defineAction<Spec>({
  name: 'manual',
  summary: 'Asks a person to do something and waits until it is done',
  parameters,
  describe: ({ ask }) => `a person: ${ask}`,
  async perform({ ask: question, done }, context) {
    context.signal.throwIfAborted()
    const { ask, folder, signal } = context
    const file = done === undefined ? undefined : resolve(folder, done)
    // A file from the last time would answer for a person who was never asked.
    if (file !== undefined && existsSync(file))
      throw refused(`${file} is there already: it would answer for nobody`, 'MANUAL_STALE', [`rm ${file}`])
    if (file === undefined && ask === undefined)
      throw refused(`Nobody can be asked here: ${question}`, 'MANUAL_NOBODY', ['run it on a terminal', 'give the action `done: FILE`'])
    context.note(file === undefined ? question : `${question} (then: touch ${file})`)
    // Whichever answers first; the other stops with the signal.
    const over = new AbortController()
    const inner = { ...context, signal: AbortSignal.any([signal, over.signal]) }
    const ways = [
      ...(file === undefined ? [] : [fileAppears(file, inner)]),
      ...(ask === undefined ? [] : [answered(ask, question, inner.signal)]),
    ]
    try {
      return await Promise.race(ways)
    } finally {
      over.abort()
    }
  },
})
