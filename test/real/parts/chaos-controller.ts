import { setTimeout as pause } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'

/** How Chaos Mesh may behave. What it does otherwise is in its controllers (condition, desiredphase, finalizers, records). */
export interface ChaosOptions {
  /** Applying fails with this message; the record stays `Not Injected`, and so AllRecovered is true. */
  readonly failing?: string
  /** Nothing is ever selected, as where namespaces are filtered. */
  readonly selectsNothing?: boolean
  /** It injects so much later, milliseconds. */
  readonly slow?: number
}

export interface ChaosController extends AsyncDisposable {
  /** From now on it does not recover: a node is gone. Its finalizer stays. */
  stick(why: string): void
  unstick(): void
  /** Every state of conditions that was written, by the object's name, oldest first. */
  readonly history: ReadonlyMap<string, readonly string[]>
}

const KINDS = ['networkchaos', 'stresschaos', 'iochaos', 'dnschaos', 'httpchaos', 'timechaos'] as const
/** Of these a record is a container, of the others a pod. */
const OF_CONTAINERS = new Set(['stresschaos', 'iochaos', 'dnschaos', 'timechaos'])
const FINALIZER = 'chaos-mesh/records'
const CLEAN = 'chaos-mesh.chaos-mesh.org/cleanFinalizer'
/** What its daemon would do on the node is played by an annotation of the pod, which is how tests see who was hit. */
export const HIT = 'drill.test/hit'

interface ChaosRecord {
  readonly id: string
  readonly selectorKey: string
  phase: string
  injectedCount: number
  recoveredCount: number
  events: { type: string; operation: string; timestamp: string; message?: string }[]
}

interface Chaos {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    finalizers?: string[]
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly duration?: string
    readonly selector: { readonly pods?: Readonly<Record<string, readonly string[]>> }
    readonly containerNames?: readonly string[]
  }
  status?: {
    conditions?: readonly { readonly type: string; readonly status: string }[]
    experiment: { desiredPhase?: string; containerRecords?: readonly ChaosRecord[] }
  }
}

interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: { readonly containers: readonly { readonly name: string }[] }
}

const secondsOf = (duration: string): number =>
  Array.from(
    duration.matchAll(/(\d+(?:\.\d+)?)(ms|[smh])/g),
    ([, amount, unit]) => Number(amount) * { ms: 0.001, s: 1, m: 60, h: 3600 }[unit as 's'],
  ).reduce((a, b) => a + b, 0)

const event = (type: string, operation: string, message?: string) => ({
  type,
  operation,
  timestamp: new Date().toISOString().replace(/\.\d+/, ''),
  ...(message !== undefined && { message }),
})

const next = (value: string | undefined, part: string, on: boolean): string | null => {
  const parts = new Set((value ?? '').split(',').filter((each) => each !== ''))
  if (on) parts.add(part)
  else parts.delete(part)
  return parts.size === 0 ? null : [...parts].join(',')
}

class PlayedChaosMesh implements ChaosController {
  readonly history = new Map<string, readonly string[]>()
  readonly #api: ControlPlane['api']
  readonly #options: ChaosOptions
  readonly #loop: Promise<void>
  #stuck: string | undefined
  #ended = false

  constructor({ api }: ControlPlane, options: ChaosOptions) {
    this.#api = api
    this.#options = options
    this.#loop = this.#run()
  }

  stick(why: string): void {
    this.#stuck = why
  }

  unstick(): void {
    this.#stuck = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      for (const kind of KINDS) {
        const { status, body } = await this.#api.request('GET', `/apis/chaos-mesh.org/v1alpha1/${kind}`).catch(() => NOBODY)
        if (status === 200) for (const chaos of (body as { items: Chaos[] }).items) await this.#step(kind, chaos).catch(() => undefined)
      }
      await pause(100)
    }
  }

  /** One step; what it changed is written as the whole object, as the real ones do. */
  async #step(kind: string, chaos: Chaos): Promise<void> {
    const { metadata, spec } = chaos
    const before = JSON.stringify(chaos)
    const deleted = metadata.deletionTimestamp !== undefined
    const age = (Date.now() - Date.parse(metadata.creationTimestamp)) / 1000
    const over = spec.duration !== undefined && age >= secondsOf(spec.duration)
    const desiredPhase = deleted || over ? 'Stop' : 'Run'
    const known = chaos.status?.experiment.containerRecords
    const records = known ?? (chaos.status === undefined ? [] : await this.#select(kind, chaos))
    if (known && age * 1000 >= (this.#options.slow ?? 0)) for (const record of known) await this.#act(kind, desiredPhase, record)
    const conditions = conditionsOf(records)
    const free = metadata.annotations?.[CLEAN] === 'forced' || records.every(({ phase }) => phase === 'Not Injected')
    const after: Chaos = {
      ...chaos,
      metadata: { ...metadata, finalizers: deleted && free ? [] : [FINALIZER] },
      status: { conditions, experiment: { desiredPhase, ...(records.length > 0 && { containerRecords: records }) } },
    }
    if (JSON.stringify(after) === before) return
    const { namespace, name } = metadata
    await this.#api.request('PUT', `/apis/chaos-mesh.org/v1alpha1/namespaces/${namespace}/${kind}/${name}`, after)
    const line = `${desiredPhase} ${conditions.map(({ type, status }) => `${type}=${status}`).join(' ')}`
    const written = this.history.get(name) ?? []
    if (written.at(-1) !== line) this.history.set(name, [...written, line])
  }

  async #select(kind: string, { spec }: Chaos): Promise<readonly ChaosRecord[]> {
    if (this.#options.selectsNothing) return []
    const pods = Object.entries(spec.selector.pods ?? {}).flatMap(([namespace, names]) => names.map((name) => [namespace, name] as const))
    const found = await Promise.all(
      pods.map(async ([namespace, name]) => {
        const { status, body } = await this.#api.request('GET', `/api/v1/namespaces/${namespace}/pods/${name}`)
        if (status !== 200) return []
        if (!OF_CONTAINERS.has(kind)) return [`${namespace}/${name}`]
        const all = (body as Pod).spec.containers.map((container) => container.name)
        const chosen = spec.containerNames ? all.filter((each) => spec.containerNames?.includes(each)) : all.slice(0, 1)
        return chosen.map((container) => `${namespace}/${name}/${container}`)
      }),
    )
    return found.flat().map((id) => ({ id, selectorKey: '.', phase: 'Not Injected', injectedCount: 0, recoveredCount: 0, events: [] }))
  }

  async #act(kind: string, desired: string, record: ChaosRecord): Promise<void> {
    const [from, to, operation] =
      desired === 'Run' ? (['Not Injected', 'Injected', 'Apply'] as const) : (['Injected', 'Not Injected', 'Recover'] as const)
    if (record.phase !== from) return
    const why = operation === 'Apply' ? this.#options.failing : this.#stuck
    record.events = [...record.events, event(why === undefined ? 'Succeeded' : 'Failed', operation, why)].slice(-3)
    if (why !== undefined) return
    await this.#hit(record.id, kind, operation === 'Apply')
    record.phase = to
    if (operation === 'Apply') record.injectedCount += 1
    else record.recoveredCount += 1
  }

  async #hit(id: string, kind: string, on: boolean): Promise<void> {
    const [namespace = '', name = ''] = id.split('/')
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`
    const { status, body } = await this.#api.request('GET', path)
    if (status === 404) return
    const annotations = { [HIT]: next((body as Pod).metadata.annotations?.[HIT], kind, on) }
    await this.#api.call('PATCH', path, { metadata: { annotations } }, 'application/merge-patch+json')
  }
}

const NOBODY = { status: 0, body: undefined } as const

function conditionsOf(records: readonly ChaosRecord[]): { type: string; status: string }[] {
  const every = (phase: string): string => (records.length > 0 && records.every((each) => each.phase === phase) ? 'True' : 'False')
  return [
    { type: 'Selected', status: records.length > 0 ? 'True' : 'False' },
    { type: 'AllInjected', status: every('Injected') },
    { type: 'AllRecovered', status: every('Not Injected') },
    { type: 'Paused', status: 'False' },
  ]
}

/** Plays Chaos Mesh on a control plane: reads its objects, writes their status the way its controllers do, one step after the other. */
export const startChaosController = (plane: ControlPlane, options: ChaosOptions = {}): ChaosController =>
  new PlayedChaosMesh(plane, options)
