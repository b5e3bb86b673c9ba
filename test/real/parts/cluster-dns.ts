import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { promises } from 'node:dns'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'
import { program } from './parts.ts'

/** The real CoreDNS with the Corefile of the cluster's ConfigMap, as it would run in kube-system. */
export interface ClusterDns extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string
}

/** How late a kubelet brings a changed ConfigMap into a pod; a minute in real life. */
const SYNC = 200

/** The Corefile that clusters have, with two names of our own and a quicker look for changes (30 s in real life). */
const COREFILE = `.:53 {
    errors
    ready
    hosts {
        192.0.2.1 payments.example.com
        192.0.2.2 orders.example.com
        fallthrough
    }
    cache 1
    reload 2s 1s
}
`

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

export async function startClusterDns(plane: ControlPlane): Promise<ClusterDns> {
  await plane.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' }, data: { Corefile: COREFILE } },
  ])
  const port = await freeUdpPort()
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-dns-'))
  const file = join(folder, 'Corefile')
  const bring = async (): Promise<void> => {
    const { data } = await plane.get<{ data: { Corefile: string } }>('/api/v1/namespaces/kube-system/configmaps/coredns')
    // In the cluster it has port 53 to itself, and its readiness too.
    const text = data.Corefile.replace('.:53 {', `.:${port} {`).replace(/^ *ready$/m, '')
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  await bring()
  let over = false
  const syncing = (async () => {
    while (!over) {
      await pause(SYNC)
      await bring().catch(() => undefined)
    }
  })()
  const child: ChildProcess = spawn(program('coredns'), ['-conf', file, '-quiet'], { stdio: ['ignore', 'ignore', 'ignore'] })
  const address = `127.0.0.1:${port}`
  const resolver = new promises.Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([address])
  await plane.waitFor('CoreDNS answers', async () => (await resolver.resolve4('payments.example.com')).length > 0, 15)
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      over = true
      await syncing
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
      await plane.kubectl('-n', 'kube-system', 'delete', 'configmap', 'coredns')
    },
  }
}
