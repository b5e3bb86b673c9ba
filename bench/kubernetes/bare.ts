import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { Access } from '../../test/real/parts/api.ts'

const CONNECTIONS = 50

/** The least that can be done: lists, then deletes each with its uid over kept connections. Seconds of the deleting. */
export async function deleteAll({ server, ca, token }: Access, namespace: string, labels: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: readFileSync(ca) })
  const call = (method: string, path: string, body?: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${token}`,
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      }
      const sent = request(new URL(path, server), { method, agent, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(String(Buffer.concat(parts)))
            : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
        )
      })
      sent.on('error', reject)
      sent.end(text)
    })
  const root = `/api/v1/namespaces/${namespace}/pods`
  const list = JSON.parse(await call('GET', `${root}?labelSelector=${encodeURIComponent(labels)}`)) as {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string } }[]
  }
  const began = performance.now()
  const queue = list.items.values()
  const worker = async (): Promise<void> => {
    for (const { metadata } of queue)
      await call('DELETE', `${root}/${metadata.name}`, {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid: metadata.uid },
      })
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  agent.destroy()
  return (performance.now() - began) / 1000
}
