import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seconds } from '../../../../src/domain/time.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import { type Rig, type Scene, SECRET } from '../../rig.ts'

/** A service with a switch, for which one has to log in. */
async function build(): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  let broken = false
  let tokens = 0
  const server = createServer((request, answer) => {
    if (request.method === 'PUT' && request.headers.authorization !== SECRET) return answer.writeHead(401).end()
    if (request.method === 'PUT') broken = request.url === '/break'
    answer.writeHead(200, { connection: 'close' }).end(JSON.stringify({ broken }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    await once(server.close(), 'close')
  })
  const to = (path: string, method: 'GET' | 'PUT') => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`,
    method,
    headers: method === 'PUT' ? { Authorization: { env: 'RIG_SECRET' } } : {},
    freshDns: true,
    insecure: false,
    timeout: seconds(2),
  })
  const spec = {
    inject: to('break', 'PUT'),
    undo: to('mend', 'PUT'),
    damaged: { ...to('', 'GET'), expect: { json: [{ path: '$.broken', equals: true }] } },
    every: seconds(0.02),
  }
  return {
    context: (extra) => testContext(lease.file, folder.path, { env: { RIG_SECRET: SECRET }, ...extra }),
    input: () => ({ spec, target: null, token: `t${tokens++}`, longest: seconds(60), random: () => 0.5 }),
    harmed: () => Promise.resolve(broken),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const rigs: readonly Rig[] = [{ what: 'a switch behind a password', build }]
