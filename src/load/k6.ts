import type { Context } from '../contracts/context.ts'
import { defineLoad, type LoadInput, type LoadSession } from '../contracts/load.ts'
import { reveal } from '../contracts/secret.ts'
import { refused } from '../domain/error.ts'
import type { Json } from '../domain/json.ts'
import { choice, duration, either, list, mapOf, type Of, object, secret, text, withDefault } from '../domain/shape.ts'
import type { Rate, Seconds } from '../domain/time.ts'
import { httpHeaders, httpUrl } from '../platforms/net/http-fields.ts'
import { k6Inspect, k6Path, k6Version, k6Warnings } from './k6-binary.ts'
import { type K6Exit, runK6 } from './k6-process.ts'
import { GENERATED, generatedOptions, generatedRequest, readScript } from './k6-script.ts'
import { createK6Stream } from './k6-stream.ts'
import { createTally, type Tally } from './tally.ts'

const insteadOfScript: typeof httpUrl = {
  node: { ...httpUrl.node, doc: 'Instead of a script: firedrill writes one that asks for this, open-loop, at the rate given.' },
}
const parameters = object(
  {
    method: withDefault(choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], { doc: 'With `url`; default GET.' }), 'GET'),
    headers: withDefault(httpHeaders, {}),
    timeout: withDefault(duration({ min: 0.001, doc: 'With `url`; default 5s.' }), 5),
    args: withDefault(list(text(), { doc: 'More arguments for `k6 run`.' }), []),
    env: withDefault(mapOf(either(text(), secret()), { key: 'text', doc: 'What the script finds in __ENV.' }), {}),
  },
  {
    script: text({ doc: 'A k6 script; its own options count. This or `url`.', examples: ['load/scoring.js'] }),
    url: insteadOfScript,
    body: text({ doc: 'With `url`: what to send.' }),
  },
)
type Spec = Of<typeof parameters>

const FLUSH = 50

/** k6, spawned: its stream is read as it comes and nothing of it is kept. */
export const k6 = defineLoad({
  name: 'k6',
  summary: 'k6 (version 1 or 2, from PATH or FIREDRILL_K6): a script of your own, or a fixed rate to a URL',
  parameters,
  runs: 'process',
  async check(spec, context) {
    if ((spec.script === undefined) === (spec.url === undefined))
      throw refused('A k6 load needs script or url, one of them', 'K6_WHAT', ['load: {k6: {script: load.js}}'])
    const engine = `k6 ${await k6Version(context)}`
    if (spec.script === undefined) return { engine, warnings: [] }
    const source = readScript(spec.script, context.folder)
    return { engine, warnings: k6Warnings(await k6Inspect(spec.script, context), source) }
  },
  start: startK6,
})

async function startK6({ spec, rate, ramp, limit, samples }: LoadInput<Spec>, context: Context): Promise<LoadSession> {
  const version = await k6Version(context)
  const tally = createTally(samples)
  const shift = wallShift(context)
  const stream = createK6Stream((start, end, outcome, code) => tally.add(start - shift, start - shift, end - shift, outcome, code))
  const env = {
    ...context.env,
    ...environment(spec, context),
    FIREDRILL_RATE: `${rate}`,
    FIREDRILL_RAMP: `${ramp}`,
    FIREDRILL_RUN: context.run,
  }
  const generated = spec.url === undefined ? {} : generatedEnv({ ...spec, url: spec.url }, rate, ramp, limit, context)
  const args = [...(await argsOf(spec, context)), ...spec.args, spec.script ?? '-']
  const command = { file: k6Path(context), args, env: { ...env, ...generated }, cwd: context.folder, input: spec.script ? '' : GENERATED }
  const run = runK6(command, stream.line)
  const flushing = setInterval(() => tally.flush(), FLUSH)
  let stopped = false
  const stop = async (): Promise<void> => {
    stopped = true
    await run.stop()
  }
  const limiting = setTimeout(() => void stop(), limit * 1000)
  const aborted = () => void stop()
  context.signal.addEventListener('abort', aborted)
  const ended = run.ended.then((end) => {
    context.signal.removeEventListener('abort', aborted)
    clearInterval(flushing)
    clearTimeout(limiting)
    stream.end()
    tally.flush()
    return { ok: end.exit === 0 || (stopped && end.exit !== 99), detail: detailOf(tally, version, end) }
  })
  await run.started
  const early = await Promise.race([run.ended, Promise.resolve(undefined)])
  if (early && early.exit !== 0 && early.exit !== 99 && tally.counts.full + tally.counts.failed === 0)
    throw refused(`k6 did not start: ${early.meaning}: ${early.error}`, 'K6_START', [`k6 run ${spec.script ?? '…'}`])
  return { ended, stop }
}

const environment = (spec: Spec, context: Context): Record<string, string> =>
  Object.fromEntries(Object.entries(spec.env).map(([name, value]) => [name, reveal(value, context)]))

const generatedEnv = (spec: Spec & { readonly url: string }, rate: Rate, ramp: Seconds, limit: Seconds, context: Context) => ({
  FIREDRILL_REQUEST: JSON.stringify(generatedRequest(spec, context)),
  FIREDRILL_OPTIONS: JSON.stringify(generatedOptions(rate, ramp, limit, spec.timeout)),
})

/** What k6 would blur an outage by is set right where the script leaves it open; arguments would override the script's own options. */
async function argsOf(spec: Spec, context: Context): Promise<readonly string[]> {
  const plain = ['run', '--quiet', '--no-usage-report', '--no-color', '--address=', '--summary-mode=disabled', '--out=json=-']
  if (spec.script === undefined) return plain
  const { dns, noConnectionReuse } = await k6Inspect(spec.script, context)
  return [...plain, ...(dns?.ttl ? [] : ['--dns=ttl=0']), ...(typeof noConnectionReuse === 'boolean' ? [] : ['--no-connection-reuse'])]
}

/** Wall minus drill clock, read as the wall clock's millisecond turns. */
function wallShift({ clock }: Context): number {
  const before = clock.wall()
  let wall = before
  for (let i = 0; i < 1_000_000 && wall === before; i++) wall = clock.wall()
  return wall - clock.now()
}

function detailOf({ counts }: Tally, version: string, end: K6Exit): Json {
  const requests = counts.full + counts.failed
  const error = end.error === '' ? {} : { error: end.error }
  return {
    engine: `k6 ${version}`,
    exit: end.exit,
    meaning: end.meaning,
    ...error,
    requests,
    served: counts.full,
    failed: counts.failed,
    missed: counts.missed,
  }
}
