import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/contracts/action.ts'
import type { ShapeNode } from '../../src/domain/shape.ts'
import { seconds } from '../../src/domain/time.ts'
import * as registered from '../../src/registry/actions.ts'
import { type Folder, tempFolder, testContext } from '../kit/context.ts'
import { SECRET } from './rig.ts'

const byName = (all: Readonly<Record<string, Action>>): ReadonlyMap<string, Action> =>
  new Map(Object.values(all).map((action) => [action.name, action]))
const actions = byName(registered)

interface Rig {
  readonly good: unknown
  readonly bad: unknown
  /** Does not end by itself. */
  readonly endless: unknown
}

async function rigOf(name: string, { path }: Folder, stack: AsyncDisposableStack): Promise<Rig> {
  switch (name) {
    case 'command': {
      const env = { PASSWORD: { env: 'RIG_SECRET' } }
      return {
        good: { argv: ['sh', '-c', 'test "$PASSWORD" && exit 3'], ok: [0, 3], env },
        bad: { argv: ['sh', '-c', 'echo it broke >&2; exit 3'], env },
        endless: { argv: ['sh', '-c', 'sleep 30 & echo $! > sleeper; wait'], env },
      }
    }
    case 'http': {
      const server = createServer((request, answer) => {
        if (request.url !== '/never')
          answer.writeHead(request.headers.authorization === SECRET ? 200 : 401, { connection: 'close' }).end('ok')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      stack.defer(async () => {
        server.closeAllConnections()
        await once(server.close(), 'close')
      })
      const to = (path: string, headers: object) => ({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
        method: 'POST',
        headers,
        freshDns: true,
        insecure: false,
        timeout: seconds(30),
      })
      const authorization = { Authorization: { env: 'RIG_SECRET' } }
      return {
        good: { ...to('/', authorization), expect: { body: { equals: 'ok' } } },
        bad: to('/', {}),
        endless: to('/never', authorization),
      }
    }
    case 'manual': {
      setTimeout(() => writeFileSync(join(path, 'done'), ''), 300)
      return { good: { ask: 'Do it', done: 'done' }, bad: { ask: 'Do it' }, endless: { ask: 'Do it', done: 'never' } }
    }
    default:
      throw new Error(`action ${name} has no rig: add one here`)
  }
}

const undocumented = (node: ShapeNode): readonly string[] =>
  node.type === 'object'
    ? Object.entries(node.fields).flatMap(([key, field]) => (field.node.doc === undefined && field.node.type !== 'object' ? [key] : []))
    : ['not an object']

describe.each([...actions])('%s', (name, action) => {
  test('does what it is told, says what failed, listens to its signal, keeps secrets', async () => {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(tempFolder())
    const rig = await rigOf(name, folder, stack)
    const context = (signal?: AbortSignal) => testContext('', folder.path, { env: { RIG_SECRET: SECRET }, ...(signal ? { signal } : {}) })
    expect(existsSync(new URL(`../../src/actions/${name}.ts`, import.meta.url))).toBe(true)
    expect(undocumented(action.parameters.node)).toEqual([])
    const said = await action.perform(rig.good as never, context())
    expect(said.length).toBeGreaterThan(5)
    expect(`${said} ${action.describe(rig.good as never)}`).not.toContain(SECRET)
    await expect(action.perform(rig.bad as never, context())).rejects.toThrow(/broke|401|Nobody/)
    const began = performance.now()
    const reason = new Error('enough')
    const abort = new AbortController()
    setTimeout(() => abort.abort(reason), 100)
    await expect(action.perform(rig.endless as never, context(abort.signal))).rejects.toBe(reason)
    expect(performance.now() - began).toBeLessThan(1500)
  })
})

test('a person may say yes or no; a file of the last time answers for nobody', async () => {
  using folder = tempFolder()
  const manual = actions.get('manual')
  const asked: string[] = []
  const ask = (answer: boolean) => (question: string) => (asked.push(question), Promise.resolve(answer))
  await expect(manual?.perform({ ask: 'Move it' }, testContext('', folder.path, { ask: ask(true) }))).resolves.toMatch(/done/)
  await expect(manual?.perform({ ask: 'Move it' }, testContext('', folder.path, { ask: ask(false) }))).rejects.toThrow(/said no/)
  expect(asked).toEqual(['Move it', 'Move it'])
  writeFileSync(join(folder.path, 'done'), '')
  await expect(manual?.perform({ ask: 'Move it', done: 'done' }, testContext('', folder.path))).rejects.toThrow(/there already/)
})
