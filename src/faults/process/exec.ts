import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen } from '../../contracts/fault.ts'
import { reveal } from '../../contracts/secret.ts'
import { refused } from '../../domain/error.ts'
import { duration, either, list, mapOf, type Of, object, type Secret, secret, text, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import type { UndoOutcome } from '../../domain/undo.ts'
import { type Ended, runCommand, sayEnd } from '../../platforms/process/run.ts'
import { firstSeen } from '../../platforms/process/watch.ts'
import { quote } from '../../platforms/process/words.ts'

const argv = (doc: string) => list(text(), { min: 1, doc, examples: ['[./cut.sh, eu]'] })

const parameters = object(
  {
    inject: argv('The command that does the damage, without a shell; it must end with exit code 0'),
    every: withDefault(duration({ min: 0.01, doc: 'How often `damaged` is asked' }), '200ms'),
  },
  {
    undo: argv('The command that puts it back. It may run twice, and before `inject`. Without it the fault is an event'),
    damaged: argv('A command that ends with exit code 0 while the damage is there, and with another when not'),
    env: mapOf(either(text(), secret()), {
      key: 'text',
      doc: 'Added to the environment of all three; a value may be a secret by reference',
    }),
  },
)
type Spec = Of<typeof parameters>

type Undo = {
  readonly undo: readonly string[]
  readonly effect: readonly string[] | null
  readonly env: Readonly<Record<string, Secret | string>>
  readonly folder: string
}

type Setting = Pick<Undo, 'env' | 'folder'>

const settingOf = (spec: Spec, { folder }: Context): Setting => ({ env: spec.env ?? {}, folder })

function run(command: readonly string[], { env, folder }: Setting, context: Context): Promise<Ended> {
  const revealed = Object.entries(env).map(([name, value]) => [name, reveal(value, { env: context.env, folder })] as const)
  return runCommand({ argv: command, folder, env: { FIREDRILL_RUN: context.run, ...Object.fromEntries(revealed) } }, context.signal)
}

async function effect(spec: Spec, context: Context): Promise<EffectSeen> {
  const command = spec.damaged
  if (command === undefined)
    return { proven: false, level: 'data', at: null, how: 'the fault has no `damaged` command: name a probe, or give it one' }
  const setting = settingOf(spec, context)
  const look = async (): Promise<boolean> => (await run(command, setting, context).catch(() => undefined))?.code === 0
  const at = await firstSeen(look, context, spec.every)
  return {
    proven: at !== undefined,
    level: 'data',
    at: at ?? null,
    how: `${quote(command)} ${at === undefined ? 'never ended' : 'ended'} with 0`,
  }
}

async function undo(record: Undo, context: Context): Promise<UndoOutcome> {
  /** undefined: nobody knows. */
  const isThere = async (): Promise<boolean | undefined> => {
    const told = record.effect === null ? null : (await run(record.effect, record, context)).code
    return told === null ? undefined : told === 0
  }
  if ((await isThere()) === false)
    return { state: 'not-injected', verified: true, detail: 'the `damaged` command says that nothing is damaged' }
  const ended = await run(record.undo, record, context)
  if (ended.code !== 0) return { state: 'failed', verified: false, detail: `${quote(record.undo)}: ${sayEnd(ended)}` }
  if (record.effect === null)
    return { state: 'undone', verified: false, detail: `${quote(record.undo)} ended with 0; no damaged command to verify by` }
  const healed = await firstSeen(async () => (await isThere()) === false, context, seconds(0.2))
  return healed === undefined
    ? { state: 'failed', verified: false, detail: `${quote(record.undo)} ended with 0, but the effect is not seen to be gone` }
    : { state: 'undone', verified: true, detail: `${quote(record.undo)} ended with 0, and the effect is gone` }
}

/** A fault in the words of your own: a command that does the damage, one that puts it back, one that tells. */
export const processExec = defineFault<Spec, Undo>({
  name: 'process/exec',
  kind: 'state',
  kindOf: ({ undo: command }) => (command === undefined ? 'event' : 'state'),
  summary: 'Runs commands of your own: one that does the damage, one that puts it back, one that tells whether it is there',
  platform: null,
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  effectHow: 'The `damaged` command ends with exit code 0; without one, a probe of the experiment must show it',
  undoHow: 'Runs the `undo` command, unless `damaged` says that nothing is; it then verifies it',
  permissions: ['may run the commands'],
  undoVersion: 1,
  plan(input, context) {
    context.signal.throwIfAborted()
    const { spec } = input
    const setting = settingOf(spec, context)
    return Promise.resolve({
      call: quote(spec.inject),
      undo: spec.undo === undefined ? null : { undo: spec.undo, effect: spec.damaged ?? null, ...setting },
      command: spec.undo === undefined ? '' : quote(spec.undo),
      prior: null,
    })
  },
  async inject({ spec }, _mutation, context) {
    const ended = await run(spec.inject, settingOf(spec, context), context)
    if (ended.code !== 0) throw refused(`${quote(spec.inject)}: ${sayEnd(ended)}`, 'EXEC_FAILED')
  },
  effect: ({ spec }, _mutation, context) => effect(spec, context),
  undo,
})
