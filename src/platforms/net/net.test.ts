import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../contracts/clock.ts'
import type { Json } from '../../domain/json.ts'
import { seconds } from '../../domain/time.ts'
import { headerCheck, jsonCheck, valueCheck } from './check.ts'
import { codeOf } from './code.ts'
import { createHttpClient, type HttpTarget } from './http-client.ts'
import { atPath, parseJsonPath } from './json-path.ts'

test.each([
  ['$', []],
  ['$.a.b[0]', ['a', 'b', 0]],
  [`$['x y']["z"][-1].w-1`, ['x y', 'z', -1, 'w-1']],
])('%s is a path', (text, steps) => {
  expect(parseJsonPath(text)).toEqual(steps)
})

test.each(['', 'a', '$.', '$..a', '$.*', '$[*]', '$[?(@.a)]', '$.a[', `$['a`, '$.1a', '$ .a'])('%j is no path', (text) => {
  expect(parseJsonPath(text)).toBeUndefined()
})

test('a path finds what stands there and nothing that a prototype lends', () => {
  const value: Json = { a: [{ b: null }, 'last'], 'x y': 1 }
  const at = (path: string) => atPath(value, parseJsonPath(path) ?? [])
  expect(at('$.a[0].b')).toBeNull()
  expect(at('$.a[-1]')).toBe('last')
  expect(at(`$['x y']`)).toBe(1)
  expect(at('$.a.length')).toBeUndefined()
  expect(at('$.constructor')).toBeUndefined()
  expect(at('$.a[7]')).toBeUndefined()
  expect(at('$.a[0].b.c')).toBeUndefined()
  fc.assert(
    fc.property(
      fc.json(),
      fc.constantFrom('$', '$.a', '$[0]', `$['__proto__']`),
      (json, path) => void atPath(JSON.parse(json) as Json, parseJsonPath(path) ?? []),
    ),
  )
})

test('checks hold a value to every field that is given', () => {
  expect(valueCheck({ equals: { a: [1] } })({ a: [1] })).toBe(true)
  expect(valueCheck({ equals: '1.10' })('1.1')).toBe(false)
  expect(valueCheck({ exists: false })(undefined)).toBe(true)
  expect(valueCheck({ exists: false })(null)).toBe(false)
  expect(valueCheck({ exists: true })(undefined)).toBe(false)
  expect(valueCheck({ contains: 'b', matches: '^a' })('abc')).toBe(true)
  expect(valueCheck({ min: 1, max: 2 })(1.5)).toBe(true)
  expect(valueCheck({ min: 1 })('')).toBe(false)
  expect(valueCheck({ max: 2 })('two')).toBe(false)
  expect(valueCheck({ max: 2 })(null)).toBe(false)
  expect(() => valueCheck({ matches: '(' })).toThrow('regular expression')
})

test('a body that is no JSON is not right, and headers are compared as text', () => {
  expect(jsonCheck([{ path: '$', exists: true }])('<html>')).toBe(false)
  expect(
    jsonCheck([
      { path: '$.a', max: 0.5 },
      { path: '$.b', exists: false },
    ])('{"a": 0.4}'),
  ).toBe(true)
  expect(headerCheck({ 'X-Region': 'us', Age: { max: 10 } })({ 'x-region': 'us', age: '7' })).toBe(true)
  expect(headerCheck({ 'x-region': 'us' })({})).toBe(false)
})

test('codes: the first inner one of several addresses, this machine’s own trouble apart', () => {
  const error = (code: string) => Object.assign(new Error(code), { code })
  expect(codeOf(new AggregateError([error('ECONNREFUSED'), error('ENETUNREACH')]))).toBe('ECONNREFUSED')
  expect(codeOf(error('EMFILE'))).toBe('local:EMFILE')
  expect(codeOf(error('EADDRNOTAVAIL'))).toBe('local:EADDRNOTAVAIL')
  expect(codeOf('what')).toBe('error')
})

test('connections: a new one each time, or kept; a name is connected where it is told to', async () => {
  let connections = 0
  const hosts: (string | undefined)[] = []
  const server = createServer((request, response) => {
    hosts.push(request.headers.host)
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    } else response.end('ok')
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const clock = systemClock(process.hrtime.bigint())
  const target: HttpTarget = {
    url: `http://127.0.0.1:${port}/`,
    method: 'GET',
    headers: {},
    keepAlive: false,
    freshDns: true,
    wantBody: true,
  }
  const ask = async (more: Partial<HttpTarget>, times: number) => {
    const client = createHttpClient({ ...target, ...more }, clock)
    const before = connections
    let last: unknown
    for (let i = 0; i < times; i++) last = await client.send(seconds(2))
    client.close()
    return { opened: connections - before, last }
  }
  try {
    expect((await ask({}, 3)).opened).toBe(3)
    expect((await ask({ keepAlive: true }, 3)).opened).toBe(1)
    const named = await ask({ url: `http://scoring.test:${port}/`, address: '127.0.0.1' }, 1)
    expect(named.last).toMatchObject({ answered: true, status: 200, body: 'ok' })
    expect(hosts.at(-1)).toBe(`scoring.test:${port}`)
    expect((await ask({ url: `http://localhost:${port}/` }, 1)).last).toMatchObject({ answered: true })
    expect((await ask({ url: `http://127.0.0.1:${port}/cut` }, 1)).last).toMatchObject({ answered: false, code: 'ECONNRESET' })
    expect((await ask({ url: 'http://nowhere.invalid/' }, 1)).last).toMatchObject({ answered: false })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
