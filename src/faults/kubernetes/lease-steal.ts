import { defineFault, type EffectSeen, type FaultInput } from '../../contracts/fault.ts'
import { refused } from '../../domain/error.ts'
import { object } from '../../domain/shape.ts'
import { type Seconds, seconds } from '../../domain/time.ts'
import { isConflict } from '../../platforms/kubernetes/api/api-error.ts'
import { reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { markOf } from '../../platforms/kubernetes/change/marks.ts'
import { readPinned } from '../../platforms/kubernetes/change/patched.ts'
import { LEASE } from '../../platforms/kubernetes/hold/lock.ts'
import { giveFree, leaseSpec, type StolenLease, steal } from '../../platforms/kubernetes/hold/stolen.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { labelOf, namespaceOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

const parameters = object({})
type Spec = Record<never, never>

/** Whatever happens to the drill, somebody leads again after this. */
const LONGEST = seconds(3600)
const RETRIES = 20
const POLL = seconds(0.05)

const lengthOf = ({ longest }: FaultInput<Spec>): number => Math.ceil(Math.min(longest, LONGEST))

function leaseOf(input: FaultInput<Spec>): ObjectRef {
  const ref = objectOf(input.target, 'lease')
  if (ref.namespace === 'kube-node-lease')
    throw refused(`${labelOf(ref)} is a kubelet's heartbeat and no leader's.`, 'LEASE_OF_NODE', [
      'kubernetes/node-cordon',
      'kubernetes/node-drain',
    ])
  if (ref.name === LEASE) throw refused(`${labelOf(ref)} is firedrill's own lock.`, 'LEASE_OF_FIREDRILL')
  if (input.for !== undefined && input.for > LONGEST)
    throw refused(`${labelOf(ref)} can be stolen for an hour at most.`, 'LEASE_TOO_LONG', ['for: 1h'])
  return ref
}

const holderOf = (run: string): string => `firedrill/${run}`

/** The leader is no leader any more, and nobody else becomes one, until it is given free or its time is over. */
export const kubernetesLeaseSteal = defineFault<Spec, StolenLease>({
  name: 'kubernetes/lease-steal',
  kind: 'expiring',
  summary: 'Takes a leader election Lease, so that its leader steps down and nobody else leads until it ends',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'self',
  effectIsState: true,
  effectHow: 'The drill holds the Lease: that is the fault itself. What its leader makes of that, a probe sees',
  undoHow:
    'Leaves the Lease without a holder, if the drill still has it, so that the next candidate takes it at once; it expires by itself',
  permissions: ['get and update leases'],
  undoVersion: 1,
  async plan(input, context) {
    const ref = leaseOf(input)
    const { cluster, namespace, name } = ref
    const lease = await readPinned(await reconnect(cluster, context), ref, context)
    const { holderIdentity, leaseDurationSeconds } = leaseSpec(lease)
    const patch = (spec: object): string =>
      kubectl(cluster, namespace, 'patch', 'leases.coordination.k8s.io', name, '--type=merge', '-p', JSON.stringify({ spec }))
    return {
      call: patch({ holderIdentity: holderOf(context.run), leaseDurationSeconds: lengthOf(input), renewTime: 'NOW' }),
      undo: { object: ref, holder: holderOf(context.run), duration: leaseDurationSeconds ?? null },
      command: patch({ holderIdentity: '', leaseDurationSeconds: leaseDurationSeconds ?? null }),
      prior: { holder: holderIdentity ?? null, leaseDurationSeconds: leaseDurationSeconds ?? null },
    }
  },
  async inject(input, mutation, context) {
    context.signal.throwIfAborted()
    const ref = leaseOf(input)
    const cluster = await reconnect(ref.cluster, context)
    const holder = holderOf(context.run)
    for (let tried = 1; ; tried++) {
      const lease = await readPinned(cluster, ref, context)
      if (leaseSpec(lease).holderIdentity === holder) return
      const mark = await markOf(kubernetesLeaseSteal, { ...input, longest: lengthOf(input) as Seconds }, mutation, cluster, context)
      try {
        await steal(lease, holder, lengthOf(input), mark, cluster, context)
        return
      } catch (error) {
        // Its leader renewed it in between.
        if (!isConflict(error) || tried >= RETRIES) throw error
      }
    }
  },
  async effect(input, _mutation, context): Promise<EffectSeen> {
    const ref = leaseOf(input)
    const cluster = await reconnect(ref.cluster, context)
    for (let lo: number = context.clock.now(); !context.signal.aborted; ) {
      const looked = context.clock.now()
      const lease = await cluster.find(KINDS.lease, namespaceOf(ref), ref.name, context).catch(() => undefined)
      if (lease && leaseSpec(lease).holderIdentity === holderOf(context.run))
        return { proven: true, level: 'control', at: { lo, hi: context.clock.now() }, how: `the drill holds ${labelOf(ref)}` }
      if (lease) lo = looked
      await context.clock.sleep(POLL, context.signal).catch(() => undefined)
    }
    return { proven: false, level: 'control', at: null, how: `the drill does not hold ${labelOf(ref)}` }
  },
  undo: giveFree,
  async preflight(inputs) {
    const refs = inputs.map(leaseOf)
    return {
      refusals: [],
      warnings: [],
      needs: refs.flatMap(({ cluster, namespace, name }) => needs(['get', 'update'], { cluster, kind: KINDS.lease, namespace, name })),
    }
  },
})
