import type { Interval } from '../../../../domain/interval.ts'
import { formatDuration, type Seconds } from '../../../../domain/time.ts'
import { KINDS } from '../../api/kinds.ts'
import type { K8sObject } from '../../api/objects.ts'
import type { Watched } from '../questions.ts'
import { conditionOf, type Judge, type Look, named, ofOne, part, stampOf } from './judge.ts'

type Of<K extends Watched['kind']> = Extract<Watched, { readonly kind: K }>

/** Fires while a condition of any of the nodes is another than it should be; one that the node does not have is another. */
export function nodeJudge({ spec: { kind: by, spec: which, condition, is } }: Of<'node'>): Judge {
  const known = new Map<string, string>()
  return {
    kind: KINDS.node,
    query: by === 'name' ? named(undefined, which) : { labels: which },
    judge(look) {
      const nodes = [...look.objects.values()]
      for (const { metadata } of nodes) known.set(metadata.uid, metadata.name)
      if (known.size === 0) return { state: 'unknown', detail: `there is no node ${which}` }
      const gone = [...known].filter(([uid]) => !look.objects.has(uid)).map(([, name]) => `${name} is gone`)
      const other = nodes.filter((node) => conditionOf(node, condition)?.status !== is)
      const stamps = (of: readonly K8sObject[]) =>
        of.flatMap((node) => stampOf(conditionOf(node, condition)?.lastTransitionTime, look) ?? [])
      if (gone.length + other.length === 0)
        // It is over when the last one is back.
        return { state: 'quiet', detail: `${condition} of ${nodes.length} is ${is}`, stamp: latest(stamps(nodes)) }
      const said = other.map((node) => sayCondition(node, condition))
      return { state: 'firing', detail: [...said, ...gone].slice(0, 3).join(', '), stamp: earliest(stamps(other)) }
    },
  }
}

function sayCondition(node: K8sObject, condition: string): string {
  const { status, reason } = conditionOf(node, condition) ?? {}
  return `${condition} of ${node.metadata.name} is ${status ?? 'not there'}${reason === undefined ? '' : ` (${reason})`}`
}

const earliest = (of: readonly Interval[]): Interval | undefined => of.toSorted((a, b) => a.lo - b.lo)[0]
const latest = (of: readonly Interval[]): Interval | undefined => of.toSorted((a, b) => b.lo - a.lo)[0]

/**
 * Fires when a node's Lease was not renewed for so long. The time of the last renewal is a MicroTime, so that the moment at which it is too
 * old is known as well as the server's clock is: that is the interval, however late it was looked.
 */
export function nodeLeaseJudge({ spec: { name, older } }: Of<'nodeLease'>): Judge {
  return {
    kind: KINDS.lease,
    query: named('kube-node-lease', name),
    timed: true,
    judge: ofOne(`lease of node ${name}`, (lease, look) => judgeLease(lease, look, name, older)),
  }
}

function judgeLease(lease: K8sObject, look: Look, name: string, older: Seconds): ReturnType<Judge['judge']> {
  const renewed = stampOf(part<{ readonly renewTime?: string }>(lease, 'spec').renewTime, look)
  if (!renewed) return { state: 'unknown', detail: `the lease of node ${name} was never renewed` }
  const tooOld = { lo: renewed.lo + older, hi: renewed.hi + older }
  // Not before it is so on the slowest clock that the server may have.
  if (look.clock.now() < tooOld.hi) return { state: 'quiet', detail: `the lease of node ${name} is renewed`, stamp: renewed }
  return { state: 'firing', detail: `the lease of node ${name} was not renewed for ${formatDuration(older)}`, at: tooOld }
}
