import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Access } from '../../parts/api.ts'

/** Stands before an API server, so that a client meets a clock that is wrong or a stream that breaks. */
export interface ApiProxy extends AsyncDisposable {
  /** A kubeconfig of an administrator who comes this way, in that file. */
  kubeconfig(file: string): string
  /** Added to every `Date`, seconds. */
  shift: number
  /** Cuts every watch that is open now; how many there were. */
  dropWatches(): number
}

export async function apiProxy({ server, ca, token }: Access): Promise<ApiProxy> {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(ca) })
  const watches = new Set<ServerResponse>()
  let shift = 0
  const pass = (asked: IncomingMessage, answer: ServerResponse): void => {
    const isWatch = asked.url?.includes('watch=true') === true
    const { host: _, ...headers } = asked.headers
    const onward = request(new URL(asked.url ?? '/', server), { method: asked.method, headers, agent }, (back) => {
      const date = new Date(Date.parse(back.headers.date ?? '') + shift * 1000).toUTCString()
      answer.writeHead(back.statusCode ?? 502, { ...back.headers, date })
      back.pipe(answer)
      back.on('error', () => answer.destroy())
    })
    onward.on('error', () => answer.destroy())
    if (isWatch) {
      watches.add(answer)
      answer.on('close', () => {
        watches.delete(answer)
        onward.destroy()
      })
    }
    asked.pipe(onward)
  }
  const listening = createServer(pass).listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  const own = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return {
    kubeconfig: (file) => {
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'drill',
        clusters: [{ name: 'drill', cluster: { server: own, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'drill', user: { token } }],
        contexts: [{ name: 'drill', context: { cluster: 'drill', user: 'drill' } }],
      }
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
      return file
    },
    get shift() {
      return shift
    },
    set shift(by) {
      shift = by
    },
    dropWatches: () => {
      const open = [...watches]
      for (const watch of open) watch.destroy()
      return open.length
    },
    [Symbol.asyncDispose]: async () => {
      listening.closeAllConnections()
      listening.close()
      agent.destroy()
    },
  }
}
