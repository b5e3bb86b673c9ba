import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ControlPlane } from './control-plane.ts'

/** One change of how many backends there are, CLOCK_MONOTONIC nanoseconds. */
export interface Turn {
  readonly at: bigint
  readonly ready: number
}

/** A way in for clients: it sends each request to a ready endpoint of a Service, as kube-proxy does, and keeps a log of what was behind it. */
export interface Front extends AsyncDisposable {
  readonly url: string
  /** From now on so many pods are needed for all requests; what fewer of them cannot serve is refused with 429. */
  need(pods: number): void
  readonly truth: readonly Turn[]
}

interface Slice {
  readonly endpoints?:
    | readonly { readonly conditions?: { readonly ready?: boolean }; readonly targetRef?: { readonly name: string } }[]
    | null
}

/** Looks this often at the EndpointSlices: what kube-proxy's watch would tell it, so much later at most. */
const EVERY = 20

/** Answers 200 with the pod's name and version while a ready endpoint is there, 503 with none: pods of kwok answer nothing themselves. */
export async function startFront(plane: ControlPlane, namespace: string, service: string): Promise<Front> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3D${service}`
  const truth: Turn[] = []
  let pods: readonly string[] = []
  let turn = 0
  let needed = 1
  let over = false
  const look = async (): Promise<void> => {
    const { items } = await plane.get<{ items: readonly Slice[] }>(path)
    pods = items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ targetRef }) => targetRef?.name ?? '')
    if (truth.at(-1)?.ready !== pods.length) truth.push({ at: process.hrtime.bigint(), ready: pods.length })
  }
  await look()
  const looking = (async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, EVERY))
      // Without an API server kube-proxy goes on with what it knew.
      await look().catch(() => undefined)
    }
  })()
  const server = createServer((_request, response) => {
    turn += 1
    const pod = pods[turn % Math.max(1, pods.length)]
    const status = pod === undefined ? 503 : turn % needed >= pods.length ? 429 : 200
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ pod: status === 200 ? pod : null }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    need: (count) => {
      needed = count
    },
    truth,
    [Symbol.asyncDispose]: async () => {
      over = true
      await looking
      server.closeAllConnections()
      server.close()
    },
  }
}
