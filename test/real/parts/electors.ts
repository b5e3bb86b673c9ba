import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'

/** Candidates for one Lease, and a way in for clients: 200 while one of them leads, 503 while none does. */
export interface Electors extends AsyncDisposable {
  readonly url: string
  leader(): string | undefined
}

// client-go's rules, faster: who does not renew within the deadline stops to lead before the Lease is free for others.
const DURATION = 4
const DEADLINE = 3
const RETRY = 200

interface Lease {
  readonly metadata: { readonly resourceVersion: string; readonly name: string }
  readonly spec: { readonly holderIdentity?: string; readonly leaseDurationSeconds?: number; readonly renewTime?: string }
}

export async function startElectors(plane: ControlPlane, namespace: string, lease: string, count: number): Promise<Electors> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const micro = (): string => new Date().toISOString().replace('Z', '000Z')
  await plane.api.call('POST', path, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: lease },
    spec: { holderIdentity: '', leaseDurationSeconds: DURATION },
  })
  const leading = new Map<string, number>()
  const isLeading = (id: string): boolean => performance.now() < (leading.get(id) ?? 0)
  let over = false

  const candidate = async (id: string): Promise<void> => {
    // Times of others' clocks are not compared: only whether the record changes, on one's own.
    let seen = { version: '', at: 0 }
    while (!over) {
      const now = await plane.get<Lease>(`${path}/${lease}`).catch(() => undefined)
      if (now && now.metadata.resourceVersion !== seen.version) seen = { version: now.metadata.resourceVersion, at: performance.now() }
      const { holderIdentity = '', leaseDurationSeconds = DURATION } = now?.spec ?? {}
      const free = holderIdentity === '' || performance.now() - seen.at > leaseDurationSeconds * 1000
      if (now && (holderIdentity === id || free)) {
        const asked = performance.now()
        const spec = { ...now.spec, holderIdentity: id, leaseDurationSeconds: DURATION, renewTime: micro() }
        const { status } = await plane.api.request('PUT', `${path}/${lease}`, { ...now, spec }).catch(() => ({ status: 0 }))
        if (status === 200) leading.set(id, asked + DEADLINE * 1000)
      } else if (now) leading.delete(id)
      await pause(RETRY)
    }
  }
  const ids = Array.from({ length: count }, (_, i) => `candidate-${i}`)
  const running = ids.map(candidate)
  const leader = (): string | undefined => ids.find(isLeading)
  await plane.waitFor('one of them leads', async () => leader() !== undefined, 15)
  const server = createServer((_request, response) => {
    const id = leader()
    response.writeHead(id === undefined ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ leader: id ?? null }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    leader,
    [Symbol.asyncDispose]: async () => {
      over = true
      await Promise.all(running)
      server.closeAllConnections()
      server.close()
    },
  }
}
