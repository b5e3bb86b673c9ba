import type { Series } from '../contracts/report.ts'
import type { ProbeDecl } from '../domain/experiment.ts'
import type { SampleBlock } from '../domain/sample.ts'
import type { Evidence } from '../measure/evidence.ts'
import { troubleOf } from '../measure/recovery/scan.ts'
import { BAD, GOOD, noTrouble, readingAt, type Trouble } from '../measure/samples/reading.ts'

const MICRO = 1e6
const MOST = 4_000

/** What every probe saw, thinned to what a screen can show: one entry a sample while there are few, else equal buckets that count every sample. */
export function seriesOf(evidence: Evidence): readonly Series[] {
  const { trouble } = troubleOf(evidence)
  return Object.values(evidence.plan.experiment.probes).map((probe) =>
    seriesOfProbe(evidence, probe, probe.role === 'control' ? noTrouble : trouble),
  )
}

function seriesOfProbe(evidence: Evidence, probe: ProbeDecl, trouble: Trouble): Series {
  const { count, from, to } = extentOf(evidence.samples(probe.name))
  const bucket = count <= MOST ? null : niceAbove((to - from) / MICRO / MOST)
  const columns = createColumns()
  const width = bucket === null ? 0 : bucket * MICRO
  const open = new Map<number, Bucket>()
  const close = (before: number) => {
    for (const [at, held] of open) {
      if (at + width > before) continue
      columns.add(at / MICRO, held)
      open.delete(at)
    }
  }
  /** Answers come in late: a bucket is closed when nothing of it can be under way. */
  const lag = (probe.timeout + 1) * MICRO
  for (const block of evidence.samples(probe.name)) {
    for (let i = 0; i < block.length; i++) {
      const planned = block.planned[i] ?? 0
      const at = bucket === null ? planned : from + Math.floor((planned - from) / width) * width
      const held = open.get(at) ?? createBucket()
      open.set(at, held)
      countOne(held, block, i, trouble)
    }
    close((block.end[block.length - 1] ?? 0) - lag)
  }
  close(Number.POSITIVE_INFINITY)
  return { probe: probe.name, bucket, ...columns.sorted() }
}

function extentOf(blocks: Iterable<SampleBlock>) {
  let count = 0
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const { length, planned } of blocks) {
    count += length
    for (let i = 0; i < length; i++) {
      const at = planned[i] ?? 0
      if (at < from) from = at
      if (at > to) to = at
    }
  }
  return { count, from, to }
}

/** The least of 1, 2, 5 · 10ⁿ seconds that is not smaller. */
function niceAbove(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width))
  const step = [1, 2, 5, 10].find((candidate) => candidate * power >= width) ?? 10
  return Number((step * power).toPrecision(3))
}

interface Bucket {
  good: number
  bad: number
  unknown: number
  readonly latency: number[]
}

const createBucket = (): Bucket => ({ good: 0, bad: 0, unknown: 0, latency: [] })

/** Latency from the scheduled start, of what was served. */
function countOne(held: Bucket, block: SampleBlock, i: number, trouble: Trouble): void {
  const reading = readingAt(block, i, trouble)
  if (reading === GOOD) {
    held.good++
    held.latency.push(((block.end[i] ?? 0) - (block.planned[i] ?? 0)) / MICRO)
  } else if (reading === BAD) held.bad++
  else held.unknown++
}

interface Entry {
  readonly at: number
  readonly min: number | null
  readonly mid: number | null
  readonly max: number | null
  readonly good: number
  readonly bad: number
  readonly unknown: number
}

function createColumns() {
  const entries: Entry[] = []
  return {
    add(at: number, { latency, good, bad, unknown }: Bucket) {
      const sorted = latency.toSorted((a, b) => a - b)
      entries.push({
        at,
        min: sorted[0] ?? null,
        mid: sorted[sorted.length >> 1] ?? null,
        max: sorted.at(-1) ?? null,
        good,
        bad,
        unknown,
      })
    },
    sorted(): Omit<Series, 'probe' | 'bucket'> {
      entries.sort((a, b) => a.at - b.at)
      return {
        at: entries.map(({ at }) => at),
        min: entries.map(({ min }) => min),
        mid: entries.map(({ mid }) => mid),
        max: entries.map(({ max }) => max),
        good: entries.map(({ good }) => good),
        bad: entries.map(({ bad }) => bad),
        unknown: entries.map(({ unknown }) => unknown),
      }
    },
  }
}
