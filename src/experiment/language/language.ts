import type { Registry } from '../../contracts/registry.ts'
import {
  anyJson,
  choice,
  count,
  duration,
  either,
  type Field,
  joinFields,
  keyed,
  list,
  mapOf,
  name,
  number,
  type Of,
  object,
  percent,
  rateShape,
  ref,
  type Shape,
  tagged,
  text,
  withDefault,
} from '../../domain/shape.ts'
import type { RawAction, RawFault, RawLedger, RawLoad, RawProbe, RawRedundancy, RawSignal, RawTarget } from './raw.ts'
import {
  guardrailShape,
  killSwitchShape,
  limitsShape,
  noticeShape,
  objectivesShape,
  pickShape,
  steadyStateShape,
  windowShape,
} from './sections.ts'

/** The file as it was read, before defaults that depend on other entries. */
export type RawExperiment = Of<ReturnType<typeof experimentShape>>

type Shapes = Readonly<Record<string, Shape<unknown>>>
type Described = { readonly summary: string; readonly parameters: Shape<unknown> }

const described = (of: Shape<unknown>, summary: string): Shape<unknown> => ({ node: { doc: summary, ...of.node } })
const parametersOf = (kinds: ReadonlyMap<string, Described>): Shapes =>
  Object.fromEntries([...kinds].map(([key, { parameters, summary }]) => [key, described(parameters, summary)]))

/** Everything an experiment file may say, as data, for the kinds of this registry. */
export function experimentShape(registry: Registry) {
  const actions = { what: 'action', kinds: parametersOf(registry.actions) }
  return object(
    {
      firedrill: number({ min: 1, max: 1, doc: 'Version of the language: 1.', examples: ['1'] }),
      title: text({ pattern: /\S/, what: 'a title', doc: 'What goes wrong, in one line.', examples: ['The primary region goes dark'] }),
      system: systemShape(registry),
      probes: mapOf(probeShape(registry), { min: 1, doc: 'Who looks, from the client’s side.', examples: ['{edge: {http: {url: …}}}'] }),
      vars: withDefault(mapOf(text(), { doc: 'Defaults for $NAME; --set name=value wins over them.' }), {}),
      mechanisms: withDefault(
        list(text({ pattern: /^M\d\d$/, what: 'a row of docs/coverage.md, such as M04' }), { doc: 'Rows of docs/coverage.md.' }),
        [],
      ),
      controls: withDefault(list(text({ pattern: /^\S+$/, what: 'the name of a control' }), { doc: 'What this is evidence for.' }), []),
      targets: withDefault(mapOf(targetShape(registry), { doc: 'What may be touched.' }), {}),
      signals: withDefault(mapOf(signalShape(registry), { doc: 'Detectors of the system under test.' }), {}),
      ledgers: withDefault(mapOf(ledgerShape(registry), { doc: 'Writes acknowledged records and reads them back.' }), {}),
      faults: withDefault(list(faultShape(registry), { doc: 'What is broken on purpose.' }), []),
      actions: withDefault(list(actionShape(actions.kinds, whenFields), { doc: 'Steps that are not damage, beside the faults.' }), []),
      objectives: withDefault(objectivesShape, {}),
      guardrails: withDefault(list(guardrailShape, { doc: 'What must stay true, else the drill is aborted.' }), []),
      windows: withDefault(list(windowShape, { doc: 'When a drill may run; the whole of it must fit. None: always.' }), []),
      limits: withDefault(limitsShape, {}),
      notify: withDefault(
        object({
          start: withDefault(list(noticeShape), []),
          abort: withDefault(list(noticeShape), []),
          end: withDefault(list(noticeShape), []),
        }),
        {},
      ),
    },
    {
      hypothesis: text({ pattern: /\S/, what: 'a sentence', doc: 'What is expected to happen, in one sentence.' }),
      undoStore: text({
        pattern: /\S/,
        what: 'a folder or a URL',
        doc: 'Keeps undo records outside the blast radius.',
        examples: ['./undo'],
      }),
      steadyState: steadyStateShape,
      load: loadShape(registry),
      redundancy: redundancyShape,
      failback: failbackShape(actions.kinds),
      killSwitch: killSwitchShape,
      seed: count({ max: 4_294_967_295, doc: 'Every random pick comes from it. Default: taken from the text of the file.' }),
    },
  )
}

const systemShape = (registry: Registry) => {
  const systems = [...registry.systems.keys()]
  const sandbox: Shape<string> = systems.length === 0 ? name() : choice(systems, { doc: 'A system that firedrill brings up itself.' })
  const options = mapOf(anyJson(), { key: 'text', doc: 'What this sandbox can be told.' })
  return either(name(), object({ sandbox, options: withDefault(options, {}) }), {
    doc: 'What is drilled, the unit of locking: a name, or {sandbox: two-region}, which exports $SANDBOX_… names.',
    examples: ['{sandbox: two-region}'],
  })
}

/** Fields that belong into the mapping of a kind; a kind that is no mapping has them beside. */
function within(of: Shapes, joined: Readonly<Record<string, Field>>) {
  const entries = Object.entries(of)
  const isMapping = ({ node }: Shape<unknown>): boolean => node.type === 'object' || node.type === 'keyed'
  const join = ({ node }: Shape<unknown>): Shape<unknown> =>
    node.type === 'object' || node.type === 'keyed' ? { node: { ...node, fields: { ...node.fields, ...joined } } } : { node }
  const kinds = entries.map(([key, shape]) => [key, join(shape)] as const)
  const beside = entries.filter(([, shape]) => !isMapping(shape)).map(([key]) => [key, joined] as const)
  return { kinds: Object.fromEntries(kinds), beside: Object.fromEntries(beside) }
}

const targetShape = (registry: Registry): Shape<RawTarget> => {
  const selectors = [...registry.platforms].map(([key, { selector, summary }]) => [key, described(selector, summary)] as const)
  const { kinds, beside } = within(Object.fromEntries(selectors), joinFields({}, { pick: pickShape }))
  return keyed('platform', kinds, {}, {}, { beside })
}

const probeShape = (registry: Registry): Shape<RawProbe> =>
  keyed(
    'probe',
    parametersOf(registry.probes),
    {
      every: withDefault(duration({ min: 0.001, doc: 'The time between two requests. Default 1s.' }), '1s'),
      role: withDefault(choice(['client', 'control'], { doc: 'control: when it fails, it is the observer’s own trouble.' }), 'client'),
    },
    { timeout: duration({ min: 0.001, doc: 'When a request is given up. Default: the latency bound, else `every`.' }) },
    {
      beside: Object.fromEntries(
        [...registry.probes].map(([key, { expect }]) => [key, joinFields({ expect: withDefault(expect, {}) }, {})]),
      ),
    },
  )

const signalShape = (registry: Registry): Shape<RawSignal> =>
  keyed(
    'signal',
    parametersOf(registry.signals),
    { every: withDefault(duration({ min: 0.01, doc: 'How often it is read, where it is read. Default 1s.' }), '1s') },
    { stage: choice(['D1', 'D2', 'D3', 'D4'], { doc: 'D1 platform, D2 alert, D3 page, D4 acknowledged. Default: the kind’s own.' }) },
  )

const ledgerShape = (registry: Registry): Shape<RawLedger> =>
  keyed(
    'ledger',
    parametersOf(registry.ledgers),
    {
      rate: withDefault(rateShape({ doc: 'Writes per second. Default 10/s.' }), '10/s'),
      timeout: withDefault(duration({ min: 0.001, doc: 'After this nobody knows what became of a write. Default 1s.' }), '1s'),
    },
    {},
  )

const loadShape = (registry: Registry): Shape<RawLoad> => {
  const joined = joinFields(
    {
      rate: withDefault(rateShape({ doc: 'Requests per second. Default 10/s.' }), '10/s'),
      ramp: withDefault(duration({ doc: 'Until the full rate is reached; not part of the baseline. Default 0s.' }), '0s'),
    },
    {},
  )
  const { kinds, beside } = within(parametersOf(registry.loads), joined)
  return keyed('load', kinds, {}, {}, { beside, doc: 'The traffic.' })
}

const step = object({
  step: name({ doc: 'A fault or an action of this file.' }),
  delay: withDefault(duration({ doc: 'How long after it has begun.' }), '0s'),
})
const whenFields: Shapes = {
  at: duration({ doc: 'After the first injection. Default 0s.' }),
  after: either(name(), step, { doc: 'After another fault or action has begun: its name, or {step, delay}.' }),
}

const effectShape = object(
  {
    becomes: withDefault(choice(['bad', 'good'], { doc: 'What the probe’s samples become. Default bad.' }), 'bad'),
    share: withDefault(object({ min: percent() }, {}, { doc: 'Share of the targets that must be affected. Default all.' }), {
      min: '100%',
    }),
  },
  {
    probe: ref('probe', { doc: 'A probe that sees the fault where clients see it. Default: the fault’s own.' }),
    within: duration({ min: 0.001, doc: 'Later than this, the fault did not bite. Default 30s, or what the fault itself needs.' }),
  },
)

const faultShape = (registry: Registry): Shape<RawFault> =>
  tagged(
    'fault',
    'fault',
    parametersOf(registry.faults),
    { name: name({ doc: 'What this fault is called in the plan and the report.', examples: ['dark'] }) },
    {
      target: ref('target', { doc: 'What is broken.' }),
      ...whenFields,
      for: duration({ min: 0.001, doc: 'How long it holds. Default: until everything could be judged.' }),
      effect: described(effectShape, 'The proof that it bites, in the experiment’s own words.'),
      repeat: object({ every: duration({ min: 0.001 }), times: count({ min: 1 }) }, {}, { doc: 'Inject it again and again.' }),
      percent: percent({ doc: 'The share of connections or requests that is affected. Default all.' }),
    },
  )

const actionShape = (kinds: Shapes, when: Shapes): Shape<RawAction> =>
  tagged(
    'action',
    'action',
    kinds,
    {
      name: name({ doc: 'What this step is called in the plan and the report.' }),
      within: withDefault(duration({ min: 0.001, doc: 'It must have ended by then. Default 1m.' }), '1m'),
    },
    when,
  )

const redundancyShape: Shape<RawRedundancy> = keyed(
  'redundancy',
  { probe: ref('probe'), signal: ref('signal'), ledger: ref('ledger') },
  { hold: withDefault(duration({ doc: 'How long it must stay so. Default 10s.' }), '10s') },
  { within: duration({ min: 0.001, doc: 'How long it is waited for. Default: twice the objective, else 5m.' }) },
  { doc: 'What shows that the spare is back, data included.' },
)

const failbackShape = (kinds: Shapes) =>
  object(
    {
      when: withDefault(choice(['undone', 'redundancy-restored'], { doc: 'When the way home begins. Default undone.' }), 'undone'),
      do: withDefault(list(actionShape(kinds, {}), { doc: 'Steps, in order. None: the system comes home by itself.' }), []),
    },
    { within: duration({ min: 0.001, doc: 'How long it is waited for. Default: twice the objective, else 5m.' }) },
    { doc: 'The way home.' },
  )
