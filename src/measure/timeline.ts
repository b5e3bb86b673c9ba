import type { DrillEvent, EventOf, JournalEntry, Phase } from '../domain/event.ts'
import { hull, type Interval } from '../domain/interval.ts'

export type Found<K extends DrillEvent['kind']> = EventOf<K> & { readonly written: number }

/** Every event of one kind, with the time at which it was written. */
export const eventsOf = <K extends DrillEvent['kind']>(journal: readonly JournalEntry[], kind: K): readonly Found<K>[] =>
  journal.flatMap(({ at, event }) => (event.kind === kind ? [{ ...(event as EventOf<K>), written: at }] : []))

export interface PhaseSpan {
  readonly phase: Phase
  readonly from: number
  readonly to: number | null
}

/** When one fault was called, bit and was lifted, all of it from the journal. */
export interface FaultTimes {
  readonly name: string
  readonly called: Interval
  /** Of the first occurrence, over its targets: [least lo, greatest hi]; null: not proven. */
  readonly effective: Interval | null
  /** Why the effect counts as not proven; null when it was. */
  readonly unproven: string | null
  /** From the first word of undo to the last read-back of its last occurrence; null: an event, or still in place. */
  readonly lifted: Interval | null
}

/** The life of a drill on its own clock, in seconds. */
export interface Timeline {
  readonly phases: readonly PhaseSpan[]
  /** In the order of their calls. */
  readonly faults: readonly FaultTimes[]
  /** Send of the first mutating call; null: nothing was injected. */
  readonly called: number | null
  /** Until here the service was watched with the faults in place: undo began, or the journal ends. */
  readonly watched: number
  /** When the last fault was back; null: nothing had to be undone, or it never was. */
  readonly undone: number | null
  readonly loadFull: number | null
  readonly end: number
  readonly aborted: Found<'abort'> | null
  /** Wall minus monotonic jumped: measures across it are unknown. */
  readonly stepped: boolean
}

/** What the journal says of the drill's life; an entry that is missing is null, never a guess. */
export function timelineOf(journal: readonly JournalEntry[]): Timeline {
  const end = journal.at(-1)?.at ?? 0
  const phases = phasesOf(journal)
  const injected = eventsOf(journal, 'fault.injected')
  const names = [...new Set(injected.map(({ fault }) => fault))]
  const lifts = eventsOf(journal, 'undo.ended').filter(({ state }) => state === 'undone' || state === 'expired')
  const drift = eventsOf(journal, 'drill.closed')[0]?.drift ?? 0
  return {
    phases,
    faults: names.map((name) => faultTimes(journal, name)).toSorted((a, b) => a.called.lo - b.called.lo),
    called: injected.length === 0 ? null : Math.min(...injected.map(({ call }) => call.lo)),
    watched: phases.find(({ phase }) => phase === 'undo')?.from ?? eventsOf(journal, 'abort')[0]?.written ?? end,
    undone: lifts.length === 0 ? null : Math.max(...lifts.map(({ at }) => at.hi)),
    loadFull: eventsOf(journal, 'load.full')[0]?.written ?? null,
    end,
    aborted: eventsOf(journal, 'abort')[0] ?? null,
    stepped: eventsOf(journal, 'clock.stepped').length > 0 || Math.abs(drift) > 1,
  }
}

/** A successor that takes over after a crash writes `undo` again: the first of a name counts, and a phase ends where another begins. */
function phasesOf(journal: readonly JournalEntry[]): PhaseSpan[] {
  const began = eventsOf(journal, 'phase').filter((event, i, all) => all.findIndex(({ phase }) => phase === event.phase) === i)
  return began.map(({ phase, written }, i) => ({
    phase,
    from: written,
    to: began[i + 1]?.written ?? eventsOf(journal, 'drill.closed')[0]?.written ?? null,
  }))
}

function faultTimes(journal: readonly JournalEntry[], name: string): FaultTimes {
  const injected = eventsOf(journal, 'fault.injected').filter(({ fault }) => fault === name)
  const first = Math.min(...injected.map(({ occurrence }) => occurrence))
  const calls = injected.filter(({ occurrence }) => occurrence === first).map(({ call }) => call)
  const called = { lo: Math.min(...calls.map(({ lo }) => lo)), hi: Math.max(...calls.map(({ hi }) => hi)) }
  const unproven = whyUnproven(journal, name)
  return {
    name,
    called,
    unproven,
    effective: unproven === null ? effective(journal, name, first, called) : null,
    lifted: lifted(journal, name),
  }
}

function whyUnproven(journal: readonly JournalEntry[], name: string): string | null {
  const effects = eventsOf(journal, 'effect').filter(({ fault }) => fault === name)
  const partial = eventsOf(journal, 'effect.partial').find(({ fault }) => fault === name)
  if (partial) return `it reached ${partial.affected} of ${partial.of} targets, ${partial.needed} were needed`
  const whole = effects.filter(({ target }) => target === null)
  const decisive = whole.length > 0 ? whole : effects
  const failed = decisive.find(({ proven }) => !proven)
  if (!decisive.some(({ proven, at }) => proven && at !== null)) return failed?.how ?? 'no effect was seen'
  return whole.length > 0 && failed ? failed.how : null
}

/** An effect that the experiment named speaks for the whole fault; else every target for itself. Never before the call. */
function effective(journal: readonly JournalEntry[], name: string, occurrence: number, called: Interval): Interval | null {
  const seen = eventsOf(journal, 'effect').filter((event) => event.fault === name && event.occurrence === occurrence && event.proven)
  const whole = seen.filter(({ target }) => target === null)
  const intervals = (whole.length > 0 ? whole : seen).flatMap(({ at }) => (at ? [at] : []))
  if (intervals.length === 0) return null
  const { lo, hi } = intervals.reduce(hull)
  return { lo: Math.max(lo, called.lo), hi: Math.max(hi, called.lo) }
}

/** Undo ids are `<fault>#<occurrence>/<target>`: the last occurrence's lifting is the end of the fault. */
function lifted(journal: readonly JournalEntry[], name: string): Interval | null {
  const ended = eventsOf(journal, 'undo.ended').filter(({ fault, state }) => fault === name && (state === 'undone' || state === 'expired'))
  const last = Math.max(...ended.map(({ undo }) => occurrenceOf(undo)))
  const ends = ended.filter(({ undo }) => occurrenceOf(undo) === last)
  if (ends.length === 0) return null
  const ids = new Set(ends.map(({ undo }) => undo))
  const began = eventsOf(journal, 'undo.began')
    .filter(({ undo }) => ids.has(undo))
    .map(({ written }) => written)
  return { lo: Math.min(...began, ...ends.map(({ at }) => at.lo)), hi: Math.max(...ends.map(({ at }) => at.hi)) }
}

const occurrenceOf = (undo: string): number => Number(/#(\d+)\//.exec(undo)?.[1] ?? 0)
