import {
  bounds,
  choice,
  count,
  duration,
  either,
  keyed,
  list,
  name,
  object,
  percent,
  rateShape,
  ref,
  type Secret,
  type Shape,
  secret,
  text,
  withDefault,
} from '../../domain/shape.ts'

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

const goodShare = object({ min: percent() }, {}, { doc: 'Share of good samples.', examples: ['{min: 99%}'] })
const quantile = (doc: string) => withDefault(percent({ doc }), '99%')
const within = (doc: string) => duration({ min: 0.001, doc })

/** `2` or `30%`: how many of what a selector found. */
export const pickShape = text({
  pattern: /^(?:[1-9]\d*|(?:100|\d{1,2}(?:\.\d+)?)%)$/,
  what: 'a number of targets or a percentage, such as 2 or 30%',
  doc: 'How many of them: a number, or a percentage rounded down but at least one. The choice comes from the seed.',
  examples: ['1', '30%'],
})

export const steadyStateShape = object(
  {
    hold: withDefault(duration({ doc: 'How long it must have been so before anything is broken. Default 10s.' }), '10s'),
    good: withDefault(goodShare, { min: '100%' }),
  },
  { probes: list(ref('probe'), { min: 1, doc: 'Default: every probe with the role client.' }) },
  { doc: 'What gates the start: nothing is injected unless it holds.' },
)

const detection = object(
  { within: within('From the effect to the signal.') },
  {
    signal: ref('signal', { doc: 'Default: the only one.' }),
    stage: choice(['D1', 'D2', 'D3', 'D4'], { doc: 'Default: the signal’s own.' }),
    from: ref('fault', { doc: 'The fault whose effect starts the clock. Default: the first.' }),
  },
)

const rto = object(
  { within: within('From the effect to the start of the run that holds.') },
  {
    to: object({}, { probe: ref('probe'), good: goodShare }, { doc: 'What counts as recovered. Default: steady state again.' }),
    hold: duration({ doc: 'How long it must stay recovered. Default: the steady state’s.' }),
    from: ref('fault', { doc: 'The fault whose effect starts the clock. Default: the first.' }),
  },
)

const rpo = object(
  {},
  {
    ledger: ref('ledger', { doc: 'Default: the only one.' }),
    lost: count({ doc: 'Acknowledged writes that may be lost.', examples: ['0'] }),
    span: duration({ doc: 'The longest time whose acknowledged writes may be lost.' }),
  },
)

const budget = object(
  {
    slo: percent({ doc: 'The objective whose budget is spent.', examples: ['99.9%'] }),
    window: withDefault(duration({ min: 1, doc: 'Default 30d.' }), '30d'),
    traffic: rateShape({ doc: 'A virtual burn: the traffic that would have been there.', examples: ['200/s'] }),
    spend: object({ max: percent() }, {}, { doc: 'Share of the budget that the drill may cost.', examples: ['{max: 10%}'] }),
  },
  {
    probe: ref('probe', { doc: 'Default: the first of the steady state.' }),
    query: text({ interpolate: false, doc: 'A real burn, read from the organisation’s own counters. Known, not built yet.' }),
  },
)

const latency = object(
  {
    max: within('What the quantile stays under.'),
    quantile: quantile('Default 99%.'),
    during: withDefault(choice(['fault', 'recovered', 'all'], { doc: 'Default recovered.' }), 'recovered'),
  },
  { probe: ref('probe', { doc: 'Default: the first of the steady state.' }) },
)

const wrong = object(
  { max: count() },
  { probe: ref('probe', { doc: 'Default: the first of the steady state.' }) },
  { doc: 'Answers that came in time and were not right.' },
)

/** A bare duration stands for `{within: …}`. */
export const objectivesShape = object(
  {},
  {
    detection: either(within('A short form of {within}.'), detection, { doc: 'How fast the organisation’s own detectors notice.' }),
    rto: either(within('A short form of {within}.'), rto, {
      doc: 'How fast clients are served again. A bare duration: steady state again.',
    }),
    rpo: either(duration(), rpo, { doc: 'How much acknowledged data may be lost.', examples: ['{lost: 0}'] }),
    failback: either(within('A short form of {within}.'), object({ within: within('From the end of the fault.') }), {
      doc: 'How fast the system is home again.',
    }),
    redundancy: either(within('A short form of {within}.'), object({ within: within('From the end of the fault.') }), {
      doc: 'How fast the spare is back.',
    }),
    budget,
    latency,
    wrong,
  },
  { doc: 'What was promised; every one is judged held, broken or unknown.' },
)

export const guardrailShape = object(
  {
    probe: ref('probe'),
    keep: object(
      {},
      {
        good: bounds(percent(), { doc: 'Share of good samples.' }),
        latency: object({ max: within('What the quantile stays under.'), quantile: quantile('Default 99%.') }),
      },
    ),
    over: duration({ min: 0.01, doc: 'The sliding time that is looked at.', examples: ['60s'] }),
    noData: withDefault(duration({ min: 0.01, doc: 'Without a sample for so long it trips, too. Default 10s.' }), '10s'),
  },
  { name: name({ doc: 'Default: the probe’s name.' }) },
)

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/
const timeOfDay = (doc: string) => text({ pattern: TIME_OF_DAY, what: 'a time of day, such as "09:00"', doc, examples: ['"09:00"'] })
const DAYS_TEXT =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:-(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun))?)(?:,\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:-(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun))?)*$/

export const windowShape = object({
  days: withDefault(
    either(
      text({ pattern: DAYS_TEXT, what: 'days, such as Mon-Fri or "Mon,Wed"', examples: ['Mon-Fri'] }),
      list(choice(DAYS), { min: 1 }),
      {
        doc: 'Default: every day.',
      },
    ),
    'Mon-Sun',
  ),
  from: timeOfDay('From this time of day.'),
  to: timeOfDay('Until this time of the same day; 24:00 is its end.'),
  zone: text({
    pattern: /^[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)*$/,
    what: 'an IANA time zone, such as Europe/Berlin',
    examples: ['Europe/Berlin'],
  }),
})

/** Safe unless the file says otherwise: ten things, half an hour. */
export const limitsShape = object(
  {
    targets: withDefault(count({ min: 1, doc: 'The most things that may be touched by all faults together. Default 10.' }), 10),
    duration: withDefault(duration({ min: 1, doc: 'The whole drill, undo included. Default 30m.' }), '30m'),
  },
  {
    percent: object(
      { of: object({ target: ref('target', { doc: 'The population.' }) }), max: percent() },
      {},
      {
        doc: 'The largest share of a stated population.',
        examples: ['{of: {target: all}, max: 34%}'],
      },
    ),
  },
  { doc: 'The blast radius.' },
)

export type RawNotice =
  | { readonly kind: 'webhook'; readonly spec: Secret | string }
  | { readonly kind: 'command'; readonly spec: readonly string[] }
export const noticeShape: Shape<RawNotice> = keyed(
  'notice',
  { webhook: either(secret(), text({ pattern: /^https?:\/\/\S+$/, what: 'a URL' })), command: list(text(), { min: 1 }) },
  {},
  {},
)

export type RawKillSwitch = { readonly kind: 'file' | 'url'; readonly spec: string }
export const killSwitchShape: Shape<RawKillSwitch> = keyed(
  'kill switch',
  {
    file: text({ pattern: /\S/, what: 'a path', doc: 'The drill is aborted as soon as this file exists.' }),
    url: text({ pattern: /^https?:\/\/\S+$/, what: 'a URL', doc: 'The drill is aborted as soon as this does not answer 2xx.' }),
  },
  {},
  {},
  { doc: 'Looked at all along: a file that exists, or a URL that does not answer 2xx, aborts.' },
)
