import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { journalOf, type Place, place } from '../../test/kit/cli.ts'
import { type ControlPlane, startControlPlane } from '../../test/real/parts/control-plane.ts'
import { program } from '../../test/real/parts/parts.ts'
import { firedrill } from '../kit/program.ts'
import { inMb, inS, print, quantile, times } from '../kit/table.ts'
import { deleteAll } from './bare.ts'

/**
 * Killing a tenth of a namespace: `kubectl delete pods -l …`, a client that does nothing else, and a whole drill of the built program, in
 * turn on one real control plane. `node bench/kubernetes/main.ts [pods] [rounds]`.
 */
const PODS = Number(process.argv[2] ?? 10_000)
const ROUNDS = Number(process.argv[3] ?? 2)
const BATCH = PODS / 10
const NAMESPACE = 'crowd'
const NODES = 20
const ABREAST = 64
const MEMORY = 150 * 2 ** 20

const pod = (name: string, batch: string, node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { batch } },
  spec: { nodeName: node, containers: [{ name: 'app', image: 'app:1' }] },
})

async function fill(plane: ControlPlane, nodes: readonly string[], batch: string, count: number): Promise<void> {
  const queue = Array.from({ length: count }, (_, i) => i).values()
  const worker = async (): Promise<void> => {
    for (const i of queue)
      await plane.api.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, pod(`${batch}-${i}`, batch, nodes[i % nodes.length] ?? ''))
  }
  await Promise.all(Array.from({ length: ABREAST }, worker))
  await plane.waitFor(`${count} pods of ${batch} are running`, async () => (await running(plane, batch)) === count, 300)
}

async function running(plane: ControlPlane, batch: string): Promise<number> {
  const query = `labelSelector=batch%3D${batch}&fieldSelector=status.phase%3DRunning&limit=1`
  const list = await plane.get<{ items: unknown[]; metadata: { remainingItemCount?: number } }>(
    `/api/v1/namespaces/${NAMESPACE}/pods?${query}`,
  )
  // With a selector the server does not count what remains.
  if (list.metadata.remainingItemCount !== undefined) return list.items.length + list.metadata.remainingItemCount
  const all = await plane.get<{ items: unknown[] }>(`/api/v1/namespaces/${NAMESPACE}/pods?${query.replace('&limit=1', '')}`)
  return all.items.length
}

/** Requests for pods that the API server has answered so far, by verb. */
async function calls(plane: ControlPlane): Promise<number> {
  const text = await plane.get<string>('/metrics')
  return text
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('apiserver_request_total{') &&
        /resource="(?:pods|namespaces)"/.test(line) &&
        /verb="(?:GET|LIST|DELETE)"/.test(line),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

interface Took {
  readonly wall: number
  readonly calls: number
  readonly memory: number
}

/** Greatest resident memory that a process of this pid has had so far, bytes. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function timed(plane: ControlPlane, argv: readonly string[], env: NodeJS.ProcessEnv, allowed: readonly number[]): Promise<Took> {
  const [command = '', ...args] = argv
  const before = await calls(plane)
  const began = performance.now()
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let memory = 0
  let said = ''
  child.stderr.on('data', (part) => {
    said += String(part)
  })
  const looking = setInterval(() => {
    memory = Math.max(memory, peakOf(child.pid ?? 0))
  }, 20)
  const code = await new Promise((resolve) => child.on('exit', resolve))
  clearInterval(looking)
  const wall = (performance.now() - began) / 1000
  if (!allowed.includes(Number(code))) throw new Error(`${argv.join(' ')} ended with ${String(code)}: ${said.slice(-2000)}`)
  return { wall, calls: (await calls(plane)) - before, memory }
}

function experiment(at: Place, plane: ControlPlane, batch: string): string {
  const file = `${at.folder}/kill.yaml`
  const server = new URL(plane.server)
  writeFileSync(
    file,
    `firedrill: 1
title: A tenth of the crowd
system: crowd
targets: {some: {kubernetes: {namespace: ${NAMESPACE}, selector: batch=${batch}, pick: ${BATCH}}}}
probes: {api: {tcp: {host: ${server.hostname}, port: ${server.port}}, every: 100ms}}
steadyState: {probes: [api], hold: 300ms}
faults: [{name: gone, fault: kubernetes/pod-kill, target: some, bare: true}]
objectives: {rto: {within: 5s, hold: 300ms}}
limits: {targets: ${BATCH}, duration: 5m}
`,
  )
  return file
}

/** A whole drill; `wall` is of its killing: from the first call to the last answer, as its journal has them. */
async function drill(plane: ControlPlane, batch: string): Promise<Took & { readonly whole: number }> {
  using at = place()
  const env = { ...process.env, ...at.env, KUBECONFIG: plane.kubeconfig }
  const took = await timed(plane, firedrill('run', experiment(at, plane, batch), '--yes', '--out', at.out), env, [0, 2])
  const killed = journalOf(at.out).flatMap(({ event }) => (event.kind === 'fault.injected' ? [event.call] : []))
  if (killed.length !== BATCH) throw new Error(`${killed.length} of ${BATCH} were killed`)
  const wall = Math.max(...killed.map(({ hi }) => hi)) - Math.min(...killed.map(({ lo }) => lo))
  return { ...took, wall, whole: took.wall }
}

async function main(): Promise<void> {
  await using plane = await startControlPlane({})
  const nodes = await plane.addNodes(NODES)
  await plane.namespace(NAMESPACE)
  await fill(plane, nodes, 'rest', PODS - BATCH)
  const [byKubectl, byForce, byBare, byDrill]: [Took[], Took[], Took[], (Took & { readonly whole: number })[]] = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    await fill(plane, nodes, 'a', BATCH)
    byKubectl.push(await timed(plane, [...kubectl(plane), 'delete', 'pods', '-l', 'batch=a'], process.env, [0]))
    await fill(plane, nodes, 'f', BATCH)
    const forced = ['delete', 'pods', '-l', 'batch=f', '--grace-period=0', '--force', '--wait=false']
    byForce.push(await timed(plane, [...kubectl(plane), ...forced], process.env, [0]))
    await fill(plane, nodes, 'b', BATCH)
    const before = await calls(plane)
    byBare.push({ wall: await deleteAll(plane.access, NAMESPACE, 'batch=b'), calls: (await calls(plane)) - before, memory: 0 })
    await fill(plane, nodes, 'c', BATCH)
    byDrill.push(await drill(plane, 'c'))
    for (const batch of ['a', 'f', 'b', 'c']) if ((await running(plane, batch)) > 0) throw new Error(`pods of ${batch} are left`)
    await pause(500)
  }
  report({ byKubectl, byForce, byBare, byDrill })
}

const kubectl = (plane: ControlPlane): readonly string[] => [
  program('kubectl') ?? 'kubectl',
  '--kubeconfig',
  plane.kubeconfig,
  '-n',
  NAMESPACE,
]

interface All {
  readonly byKubectl: readonly Took[]
  /** Told not to wait for anything. */
  readonly byForce: readonly Took[]
  readonly byBare: readonly Took[]
  readonly byDrill: readonly (Took & { readonly whole: number })[]
}

function report({ byKubectl, byForce, byBare, byDrill }: All): void {
  const least = (of: readonly Took[]): number =>
    quantile(
      of.map(({ wall }) => wall),
      0,
    )
  const most = (of: readonly Took[], key: 'calls' | 'memory'): number => Math.max(...of.map((each) => each[key]))
  const [slow, bare, own] = [least(byKubectl), least(byBare), least(byDrill)]
  const memory = most(byDrill, 'memory')
  print(`killing ${BATCH} of ${PODS} pods, best of ${ROUNDS} in turn`, [
    { what: 'kubectl delete', measured: `${inS(slow)}, ${most(byKubectl, 'calls')} calls, ${inMb(most(byKubectl, 'memory'))}` },
    {
      what: 'kubectl delete --force --wait=false',
      measured: `${inS(least(byForce))}, ${most(byForce, 'calls')} calls`,
      ratio: `${times(own / least(byForce))} of it`,
    },
    { what: 'bare client, 50 connections', measured: `${inS(bare)}, ${most(byBare, 'calls')} calls` },
    {
      what: 'firedrill, its killing',
      measured: `${inS(own)}, ${most(byDrill, 'calls')} calls`,
      ratio: times(own / slow),
      limit: '≤ 0.3 × kubectl',
      held: own <= 0.3 * slow,
    },
    { what: '', measured: '', ratio: times(own / bare), limit: '≤ 1.1 × the bare client', held: own <= 1.1 * bare },
    { what: 'firedrill, the whole drill', measured: inS(Math.min(...byDrill.map(({ whole }) => whole))) },
    { what: 'firedrill, memory', measured: inMb(memory), limit: `≤ ${inMb(MEMORY)}`, held: memory <= MEMORY },
  ])
}

await main()
