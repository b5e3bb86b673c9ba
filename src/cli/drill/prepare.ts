import { dirname, resolve } from 'node:path'
import { systemClock } from '../../contracts/clock.ts'
import type { Context } from '../../contracts/context.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { SystemUp } from '../../contracts/system.ts'
import { refused } from '../../domain/error.ts'
import type { SystemDecl } from '../../domain/experiment.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Plan } from '../../domain/plan.ts'
import { makePlan } from '../../engine/plan/plan.ts'
import type { Diagnostic } from '../../experiment/document/diagnostic.ts'
import { type ReadResult, readExperiment } from '../../experiment/read.ts'
import { readText } from '../input/experiment-files.ts'
import { identitiesOf } from './environment.ts'

export interface PrepareRequest {
  /** As it was typed; it stands in diagnostics and reports. */
  readonly file: string
  /** `--set name=value`. */
  readonly set: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly registry: Registry
  readonly version: string
  readonly run: string
  /** Where a sandbox keeps its truth log. */
  readonly folder: string
  /** CLOCK_MONOTONIC nanoseconds at drill time 0. */
  readonly monotonic: bigint
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

/** An experiment that is planned; its sandbox, if it has one, is up until it is disposed. */
export interface Prepared extends AsyncDisposable {
  readonly kind: 'ready'
  readonly plan: Plan
  readonly source: { readonly file: string; readonly folder: string; readonly text: string }
  readonly sandbox: { readonly system: string; readonly handle: JsonObject } | null
  readonly diagnostics: readonly Diagnostic[]
}

/** The file has errors: nothing was done. */
export interface Invalid {
  readonly kind: 'invalid'
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads an experiment, brings up its sandbox, and plans it. Rejects with a DrillError (refused) when it cannot be planned; a sandbox that
 * was brought up is down again then.
 */
export async function prepare(request: PrepareRequest): Promise<Prepared | Invalid> {
  const text = readText(request.file)
  const first = read(text, request, {}, 'validate')
  if (hasError(first)) return { kind: 'invalid', text, diagnostics: first.diagnostics }
  refuseLater(first)
  await using scope = new AsyncDisposableStack()
  const up = await bringUp(first.system, request)
  if (up) scope.defer(() => up.system.down())
  const second = read(text, request, up?.system.exports ?? {}, 'resolve')
  if (hasError(second) || !second.experiment) return { kind: 'invalid', text, diagnostics: second.diagnostics }
  const source = { file: resolve(request.file), folder: dirname(resolve(request.file)), text }
  const plan = await makePlan({
    experiment: second.experiment,
    source: { file: request.file, text },
    vars: usedVars(second),
    identities: identitiesOf(),
    version: request.version,
    registry: request.registry,
    context: readingContext(request, source.folder),
  })
  const held = scope.move()
  return {
    kind: 'ready',
    plan,
    source,
    sandbox: up ? { system: up.name, handle: up.system.handle } : null,
    diagnostics: second.diagnostics,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

const read = (text: string, request: PrepareRequest, exports: Readonly<Record<string, string>>, mode: 'validate' | 'resolve'): ReadResult =>
  readExperiment(text, { file: request.file, registry: request.registry, lookup: { set: request.set, exports, env: request.env }, mode })

const hasError = ({ diagnostics }: ReadResult): boolean => diagnostics.some(({ severity }) => severity === 'error')

function refuseLater({ later }: ReadResult): void {
  const [first] = later
  if (!first) return
  throw refused(`${first.what} "${first.name}" (line ${first.line}) is known but not built yet.`, 'NOT_BUILT_YET', ['firedrill catalog'])
}

async function bringUp(
  system: SystemDecl | undefined,
  request: PrepareRequest,
): Promise<{ readonly name: string; readonly system: SystemUp } | null> {
  if (!system || !('sandbox' in system)) return null
  const known = request.registry.systems.get(system.sandbox)
  if (!known) throw refused(`There is no sandbox "${system.sandbox}".`, 'SANDBOX_UNKNOWN', ['firedrill catalog'])
  request.progress(`starting the sandbox ${system.sandbox} …`)
  const up = await known.up(system.options, { folder: request.folder, run: request.run, signal: request.signal })
  return { name: system.sandbox, system: up }
}

/** What consent binds; a sandbox's addresses change from run to run and an environment's secrets are nobody's business. */
const usedVars = ({ used }: ReadResult): Readonly<Record<string, string>> =>
  Object.fromEntries(used.flatMap(({ name, from, value }) => (from === 'exports' || value === null ? [] : [[name, value]])))

const readingContext = (request: PrepareRequest, folder: string): Context => ({
  clock: systemClock(request.monotonic),
  signal: request.signal,
  run: request.run,
  lease: { file: '', epoch: 0 },
  env: request.env,
  folder,
  note: request.progress,
})
