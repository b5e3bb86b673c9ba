import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { onPlane, type Stage } from './on-plane.ts'

/** What a network plugin does, played: the pod's port is closed while there is a policy in its namespace. */
interface Played {
  readonly port: number
  end(): void
}

const played = new Map<string, Played>()

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.end()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function play({ plane, namespace }: Stage): Promise<Played> {
  let server = await listen(0)
  const { port } = server.address() as AddressInfo
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
  let busy = false
  const look = async (): Promise<void> => {
    if (busy) return
    busy = true
    const { items } = await plane.get<{ items: readonly unknown[] }>(path)
    if (items.length > 0 && server.listening) await new Promise((resolve) => server.close(resolve))
    if (items.length === 0 && !server.listening) server = await listen(port)
    busy = false
  }
  const timer = setInterval(() => void look().catch(() => undefined), 30)
  return {
    port,
    end: () => {
      clearInterval(timer)
      server.close()
    },
  }
}

/** Pods that are really reachable from here, at an address that kwok would not give them. */
async function set(stage: Stage): Promise<void> {
  const { plane, namespace } = stage
  const plugin = await play(stage)
  played.set(namespace, plugin)
  await plane.deploy('cart', 1, {
    namespace,
    spec: { containers: [{ name: 'app', image: 'app:1', ports: [{ containerPort: plugin.port }] }] },
  })
  const name = await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}')
  const status = { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }
  await plane.api.call('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, { status }, 'application/merge-patch+json')
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const answer = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  return answer
}

/** The plugin takes a moment to see what was done. */
async function harmed({ plane, namespace }: Stage): Promise<boolean> {
  const text = await plane.kubectl('-n', namespace, 'get', 'networkpolicies,pods', '-o', 'json')
  const isDenied = text.includes('"NetworkPolicy"') || text.includes('firedrill/deny')
  const port = played.get(namespace)?.port ?? 0
  await plane.waitFor('the port is as the policies say', async () => (await accepts(port)) !== text.includes('"NetworkPolicy"'), 5)
  return isDenied
}

const clear = async ({ namespace }: Stage): Promise<void> => {
  played.get(namespace)?.end()
  played.delete(namespace)
}

const all = { ports: [], from: [], to: [] }

export const rigs = [
  onPlane({
    what: 'a Deployment, whose network plugin is played by a listener that closes',
    spec: { ...all, direction: 'ingress' },
    set,
    clear,
    harmed,
    select: () => ({ kind: 'deployment', name: 'cart' }),
  }),
  onPlane({
    what: 'one pod, known to the policy by a label of its own',
    brief: true,
    spec: { ...all, direction: 'both' },
    set,
    clear,
    harmed,
    select: () => ({ selector: 'app=cart' }),
  }),
]
