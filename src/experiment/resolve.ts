import type { Registry } from '../contracts/registry.ts'
import type {
  ActionDecl,
  Experiment,
  Failback,
  FaultDecl,
  Guardrail,
  LoadDecl,
  Notice,
  Objectives,
  ProbeDecl,
  Redundancy,
  SteadyState,
  SystemDecl,
  TargetDecl,
  When,
  Window,
} from '../domain/experiment.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import { parsePercent, rate as rateOf, type Seconds, seconds } from '../domain/time.ts'
import type { RawExperiment } from './language/language.ts'
import type { RawAction, RawFault, RawLoad, RawProbe, RawTarget, RawWhen } from './language/raw.ts'
import { DAYS, type RawNotice } from './language/sections.ts'

/** How long the way home and the spare are waited for when nothing was promised. */
const PATIENCE = seconds(300)

/**
 * The experiment with every default filled in. `raw` was read and checked without an error: whatever it refers to is there.
 * @param seed What random picks come from when the file does not say.
 */
export function toExperiment(raw: RawExperiment, registry: Registry, seed: number): Experiment {
  const probes = named(raw.probes, (name, probe) => probeOf(name, probe, registry))
  const steadyState = steadyStateOf(raw, probes)
  const objectives = objectivesOf(raw, steadyState, registry)
  const signals = named(raw.signals, (name, of) => ({ ...of, name, stage: of.stage ?? registry.signals.get(of.kind)?.stage ?? 'D2' }))
  const { undoStore, hypothesis, load, killSwitch } = raw
  const redundancy = redundancyOf(raw, objectives)
  const failback = failbackOf(raw, objectives)
  return {
    title: raw.title,
    ...present({ hypothesis, undoStore, redundancy, failback }),
    ...(load === undefined ? {} : { load: loadOf(load) }),
    mechanisms: raw.mechanisms,
    controls: raw.controls,
    vars: raw.vars,
    system: systemOf(raw.system),
    targets: named(raw.targets, targetOf),
    probes,
    steadyState,
    signals,
    ledgers: named(raw.ledgers, (name, of) => ({ ...of, name })),
    faults: raw.faults.map(faultOf),
    actions: raw.actions.map(actionOf),
    objectives,
    guardrails: guardrailsOf(raw),
    windows: raw.windows.map(windowOf),
    limits: limitsOf(raw),
    notify: { start: raw.notify.start.map(noticeOf), abort: raw.notify.abort.map(noticeOf), end: raw.notify.end.map(noticeOf) },
    ...(killSwitch === undefined ? {} : { killSwitch: killSwitch.kind === 'file' ? { file: killSwitch.spec } : { url: killSwitch.spec } }),
    seed: raw.seed ?? seed,
  }
}

const named = <T, U>(of: Readonly<Record<string, T>>, make: (name: string, value: T) => U): Readonly<Record<string, U>> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, make(name, value)]))

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
/** Without the properties that are undefined. */
const present = <T extends object>(of: T): Present<T> =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Present<T>

export const systemOf = (raw: RawExperiment['system']): SystemDecl =>
  typeof raw === 'string' ? { name: raw } : { sandbox: raw.sandbox, options: raw.options }

/** What stands in a kind's own mapping, apart from the fields that every kind of its sort has there. */
function apart(spec: Json, ...keys: readonly string[]): { readonly own: Json; readonly common: JsonObject } {
  if (typeof spec !== 'object' || spec === null || isList(spec)) return { own: spec, common: {} }
  const [common, own] = [true, false].map((taken) =>
    Object.fromEntries(Object.entries(spec).filter(([key]) => keys.includes(key) === taken)),
  )
  return { own: own ?? {}, common: common ?? {} }
}
const isList = (of: Json): of is readonly Json[] => Array.isArray(of)

function targetOf(name: string, { kind, spec, pick: beside }: RawTarget): TargetDecl {
  const { own: selector, common } = apart(spec, 'pick')
  const pick = typeof common['pick'] === 'string' ? common['pick'] : beside
  if (pick === undefined) return { name, platform: kind, selector }
  const share = parsePercent(pick)
  return { name, platform: kind, selector, pick: share === undefined ? { count: Number(pick) } : { share } }
}

function loadOf({ kind, spec, rate, ramp }: RawLoad): LoadDecl {
  const { own, common } = apart(spec, 'rate', 'ramp')
  const { rate: perSecond = rate, ramp: until = ramp } = common
  return { kind, spec: own, rate: rateOf(Number(perSecond)), ramp: seconds(Number(until)) }
}

function probeOf(name: string, raw: RawProbe, registry: Registry): ProbeDecl {
  const bound = registry.probes.get(raw.kind)?.latencyBound(raw.expect)
  return { ...raw, name, timeout: raw.timeout ?? bound ?? raw.every }
}

function steadyStateOf(raw: RawExperiment, probes: Readonly<Record<string, ProbeDecl>>): SteadyState {
  const clients = Object.values(probes).filter(({ role }) => role === 'client')
  const { probes: chosen, hold, good } = raw.steadyState ?? {}
  return { probes: chosen ?? clients.map(({ name }) => name), hold: hold ?? seconds(10), good: good?.min ?? (1 as SteadyState['good']) }
}

const whenOf = ({ at, after }: RawWhen): When => {
  if (after === undefined) return { at: at ?? seconds(0) }
  return typeof after === 'string' ? { after, delay: seconds(0) } : { after: after.step, delay: after.delay }
}

function faultOf({ at, after, effect, ...rest }: RawFault): FaultDecl {
  const when = whenOf(present({ at, after }))
  return effect === undefined ? { ...rest, when } : { ...rest, when, effect: { ...effect, share: effect.share.min } }
}

const actionOf = ({ at, after, ...rest }: RawAction): ActionDecl => ({ ...rest, when: whenOf(present({ at, after })) })

const withinOf = (of: Seconds | { readonly within: Seconds }): Seconds => (typeof of === 'number' ? of : of.within)

function objectivesOf(raw: RawExperiment, steadyState: SteadyState, registry: Registry): Objectives {
  const { detection, rto, failback, redundancy, budget, latency, wrong } = raw.objectives
  const probe = steadyState.probes[0] ?? ''
  return present({
    detection: detection === undefined ? undefined : detectionOf(detection, raw, registry),
    rto: rto === undefined ? undefined : rtoOf(rto, steadyState, probe),
    rpo: rpoOf(raw),
    failback: failback === undefined ? undefined : { within: withinOf(failback) },
    redundancy: redundancy === undefined ? undefined : { within: withinOf(redundancy) },
    budget: budget && {
      slo: budget.slo,
      window: budget.window,
      probe: budget.probe ?? probe,
      traffic: budget.traffic,
      spend: budget.spend.max,
    },
    latency: latency && { ...latency, probe: latency.probe ?? probe },
    wrong: wrong && { ...wrong, probe: wrong.probe ?? probe },
  })
}

type RawObjectives = RawExperiment['objectives']

function detectionOf(of: NonNullable<RawObjectives['detection']>, raw: RawExperiment, registry: Registry): Objectives['detection'] {
  const { within, signal: written, stage, from } = typeof of === 'number' ? { within: of } : { ...of }
  const signal = written ?? Object.keys(raw.signals)[0] ?? ''
  const decl = raw.signals[signal]
  const own = decl?.stage ?? registry.signals.get(decl?.kind ?? '')?.stage ?? 'D2'
  return { signal, stage: stage ?? own, within, ...present({ from }) }
}

function rtoOf(of: NonNullable<RawObjectives['rto']>, steadyState: SteadyState, first: string): Objectives['rto'] {
  const { within, to, hold, from } = typeof of === 'number' ? { within: of } : { ...of }
  return {
    within,
    to: { probe: to?.probe ?? first, good: to?.good?.min ?? steadyState.good },
    hold: hold ?? steadyState.hold,
    ...present({ from }),
  }
}

function rpoOf(raw: RawExperiment): Objectives['rpo'] {
  const { rpo } = raw.objectives
  if (rpo === undefined) return undefined
  const { ledger, lost, span } = typeof rpo === 'number' ? { span: rpo } : { ...rpo }
  return { ledger: ledger ?? Object.keys(raw.ledgers)[0] ?? '', ...present({ lost, span }) }
}

/** Twice the promise, so that a broken one is seen to be broken. */
const patience = (promised: { readonly within: Seconds } | undefined): Seconds =>
  promised === undefined ? PATIENCE : seconds(promised.within * 2)

function redundancyOf({ redundancy: raw }: RawExperiment, objectives: Objectives): Redundancy | undefined {
  if (raw === undefined) return undefined
  const by = raw.kind === 'probe' ? { probe: raw.spec } : raw.kind === 'signal' ? { signal: raw.spec } : { ledger: raw.spec }
  return { by, hold: raw.hold, within: raw.within ?? patience(objectives.redundancy) }
}

const failbackOf = ({ failback: raw }: RawExperiment, objectives: Objectives): Failback | undefined =>
  raw && { when: raw.when, do: raw.do.map(actionOf), within: raw.within ?? patience(objectives.failback) }

/** A guardrail without a name has its probe's; the second one over a probe gets a number. */
function guardrailsOf(raw: RawExperiment): readonly Guardrail[] {
  return raw.guardrails.map((guardrail, index) => {
    const earlier = raw.guardrails.slice(0, index).filter(({ probe }) => probe === guardrail.probe).length
    return { ...guardrail, name: guardrail.name ?? (earlier === 0 ? guardrail.probe : `${guardrail.probe}-${earlier + 1}`) }
  })
}

const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
const dayNumber = (day: string): number => DAYS.findIndex((known) => known === day) + 1

/** `Fri-Mon` goes over the weekend. */
function daysOf(text: string): readonly number[] {
  return text.split(/,\s*/).flatMap((piece) => {
    const [from = 1, to = from] = piece.split('-').map(dayNumber)
    return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, i) => ((from - 1 + i) % 7) + 1)
  })
}

function windowOf({ days, from, to, zone }: RawExperiment['windows'][number]): Window {
  const numbers = typeof days === 'string' ? daysOf(days) : days.map(dayNumber)
  return { days: [...new Set(numbers)].toSorted((a, b) => a - b), from: minutes(from), to: minutes(to), zone }
}

function limitsOf({ limits: { targets, duration, percent } }: RawExperiment): Experiment['limits'] {
  return percent === undefined ? { targets, duration } : { targets, duration, percent: { of: percent.of.target, max: percent.max } }
}

const noticeOf = (raw: RawNotice): Notice => (raw.kind === 'webhook' ? { webhook: raw.spec } : { command: raw.spec })
