import { type LookupAddress, promises, lookup as systemLookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

/** What the system's own resolver answers: hosts file, search domains, whatever the machine is set up for. It may keep answers. */
const bySystem = (host: string): Promise<readonly LookupAddress[]> =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })

/** Codes that say that the name servers know nothing of the name: the machine's own files may. */
const NOT_THERE = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

function hostsFile(): ReadonlySet<string> {
  try {
    return new Set(
      readFileSync('/etc/hosts', 'utf8')
        .split('\n')
        .flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1)),
    )
  } catch {
    return new Set()
  }
}

/** Asks the name servers anew each time, without a cache and without the thread pool, which four slow names would block for everybody. */
function byNameServer(): (host: string) => Promise<readonly LookupAddress[]> {
  const resolver = new promises.Resolver({ timeout: 2_000, tries: 2 })
  const own = hostsFile()
  return async (host) => {
    if (!host.includes('.') || host.endsWith('.localhost') || own.has(host)) return bySystem(host)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const addresses = [
      ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
      ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
    ]
    if (addresses.length > 0) return addresses
    const error: unknown = v4.status === 'rejected' ? v4.reason : undefined
    if (error instanceof Error && 'code' in error && NOT_THERE.has(String(error.code))) return bySystem(host)
    throw error
  }
}

/** Name look-up for sockets. `fresh`: each time anew; else the first answer is kept. `address`: always that one, whatever the name says. */
export function createLookup(options: { readonly fresh: boolean; readonly address?: string | undefined }): LookupFunction {
  const { fresh, address } = options
  const kept = new Map<string, readonly LookupAddress[]>()
  const ask = fresh ? byNameServer() : bySystem
  const find = async (host: string): Promise<readonly LookupAddress[]> => {
    if (address !== undefined) return [{ address, family: isIP(address) }]
    const known = kept.get(host)
    if (known) return known
    const found = await ask(host)
    if (!fresh) kept.set(host, found)
    return found
  }
  const found = callbackify(find)
  return (host, { all, family }, done) => {
    found(host, (error, addresses) => {
      if (error) return done(error, '', 0)
      const wanted = family === 4 || family === 6 ? addresses.filter((one) => one.family === family) : addresses
      const [first] = wanted
      if (!first) done(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), '', 0)
      else if (all) done(null, [...wanted])
      else done(null, first.address, first.family)
    })
  }
}
