import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen } from '../../contracts/fault.ts'
import { refused } from '../../domain/error.ts'
import { duration, type Of, object, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import type { UndoOutcome } from '../../domain/undo.ts'
import { callHttp, type HttpRequest, httpRequest, sayRequest } from '../../platforms/http/call.ts'
import { firstSeen } from '../../platforms/process/watch.ts'

const parameters = object(
  { inject: httpRequest, every: withDefault(duration({ min: 0.01, doc: 'How often `damaged` is asked' }), '200ms') },
  { undo: httpRequest, damaged: httpRequest },
)
type Spec = Of<typeof parameters>

type Undo = { readonly undo: HttpRequest; readonly effect: HttpRequest | null; readonly folder: string }

async function effect({ damaged: request, every }: Spec, context: Context): Promise<EffectSeen> {
  if (request === undefined)
    return { proven: false, level: 'data', at: null, how: 'the fault has no `damaged` request: name a probe, or give it one' }
  let said = 'nothing'
  const look = async (): Promise<boolean> => {
    const answer = await callHttp(request, context).catch(() => undefined)
    said = answer?.said ?? said
    return answer?.ok === true
  }
  const at = await firstSeen(look, context, every)
  return { proven: at !== undefined, level: 'data', at: at ?? null, how: `${sayRequest(request)} said ${said}` }
}

async function undo({ undo: request, effect: tells, folder }: Undo, given: Context): Promise<UndoOutcome> {
  const context = { ...given, folder }
  /** undefined: nobody knows. */
  const isThere = async (): Promise<boolean | undefined> => {
    const told = tells === null ? undefined : await callHttp(tells, context)
    return told?.answered === true ? told.ok : undefined
  }
  if ((await isThere()) === false)
    return { state: 'not-injected', verified: true, detail: 'the `damaged` request says that nothing is damaged' }
  const answer = await callHttp(request, context)
  if (!answer.ok) return { state: 'failed', verified: false, detail: `${sayRequest(request)}: ${answer.said}` }
  if (tells === null)
    return { state: 'undone', verified: false, detail: `${sayRequest(request)}: ${answer.said}; no damaged request to verify by` }
  const healed = await firstSeen(async () => (await isThere()) === false, context, seconds(0.1))
  return healed === undefined
    ? { state: 'failed', verified: false, detail: `${sayRequest(request)}: ${answer.said}, but the effect is not seen to be gone` }
    : { state: 'undone', verified: true, detail: `${sayRequest(request)}: ${answer.said}, and the effect is gone` }
}

/** A fault over HTTP: a request that does the damage, one that puts it back, one that tells. */
export const httpCall = defineFault<Spec, Undo>({
  name: 'http/call',
  kind: 'state',
  kindOf: ({ undo: request }) => (request === undefined ? 'event' : 'state'),
  summary: 'Sends requests of your own: one that does the damage, one that puts it back, one that tells whether it is there',
  platform: null,
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  effectHow: 'The `damaged` request is answered as it expects; without one, a probe of the experiment must show it',
  undoHow: 'Sends the `undo` request, unless `damaged` says that nothing is; it then verifies it',
  permissions: ['may send the requests; their secrets are there at undo, too'],
  undoVersion: 1,
  plan({ spec }, { folder, signal }) {
    signal.throwIfAborted()
    return Promise.resolve({
      call: sayRequest(spec.inject),
      undo: spec.undo === undefined ? null : { undo: spec.undo, effect: spec.damaged ?? null, folder },
      command: spec.undo === undefined ? '' : sayRequest(spec.undo),
      prior: null,
    })
  },
  async inject({ spec }, _mutation, context) {
    const answer = await callHttp(spec.inject, context)
    if (!answer.ok) throw refused(`${sayRequest(spec.inject)}: ${answer.said}`, 'CALL_FAILED')
  },
  effect: ({ spec }, _mutation, context) => effect(spec, context),
  undo,
})
