import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve as resolvePath } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { defineProbe, type Shot } from '../contracts/probe.ts'
import { describe, refused } from '../domain/error.ts'
import { bounds, choice, count, flag, number, type Of, object, text, withDefault } from '../domain/shape.ts'
import { codeOf } from '../platforms/net/code.ts'
import { createLookup } from '../platforms/net/lookup.ts'
import { latencyBounds, orLate } from './late.ts'

const PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
const parameters = object(
  {
    host: text({ doc: 'A name or an address.' }),
    port: withDefault(count({ min: 1, max: 65_535, doc: 'Default 443.' }), 443),
    insecure: withDefault(flag({ doc: 'Take any certificate; what `expect` says of it still counts.' }), false),
  },
  {
    serverName: text({ doc: 'The name to ask for (SNI) and to check; default the host.' }),
    ca: text({ doc: 'A PEM file of the authorities to trust.' }),
  },
)
const expect = object(
  {},
  {
    latency: latencyBounds('A handshake'),
    days: bounds(number(), { doc: 'How many days the certificate must still be valid.' }),
    protocol: choice(PROTOCOLS, { doc: 'At least this version.' }),
    san: text({ doc: 'A name or address that the certificate must carry.' }),
  },
)

/** A TLS handshake, and what the certificate says. */
export const tls = defineProbe({
  name: 'tls',
  summary: 'A TLS handshake: certificate, protocol, days left',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  async open(spec, wanted, { clock, folder }) {
    const options = optionsOf(spec, folder)
    const shoot = (timeout: number): Promise<Shot> =>
      new Promise((resolve) => {
        const start = clock.now()
        const settle = (outcome: Shot['outcome'], code: string): void => {
          clearTimeout(timer)
          const end = clock.now()
          resolve({ start, end, ...orLate({ outcome, code }, end - start, wanted.latency?.max) })
          socket.destroy()
        }
        const timer = setTimeout(() => settle('failed', 'timeout'), timeout * 1000)
        const socket = connect(options)
        socket.on('error', (error) => settle('failed', codeOf(error)))
        socket.on('close', () => settle('failed', 'closed'))
        socket.on('secureConnect', () => {
          const wrong = wrongWith(socket, wanted, clock.wall())
          if (wrong === undefined) settle('full', socket.getProtocol() ?? 'secure')
          else settle('wrong', wrong)
        })
      })
    return { shoot, close: async () => {} }
  },
})

function optionsOf(spec: Of<typeof parameters>, folder: string): ConnectionOptions {
  const serverName = spec.serverName ?? (isIP(spec.host) ? undefined : spec.host)
  return {
    host: spec.host,
    port: spec.port,
    lookup: createLookup({ fresh: true }),
    rejectUnauthorized: !spec.insecure,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(spec.ca === undefined ? {} : { ca: authorities(spec.ca, folder) }),
  }
}

function authorities(file: string, folder: string): Buffer {
  try {
    return readFileSync(resolvePath(folder, file))
  } catch (error) {
    throw refused(`${file} cannot be read: ${describe(error)}`, 'FILE_MISSING', [], error)
  }
}

function wrongWith(socket: TLSSocket, wanted: Of<typeof expect>, wall: number): string | undefined {
  const protocol = PROTOCOLS.findIndex((one) => one === socket.getProtocol())
  if (wanted.protocol !== undefined && protocol < PROTOCOLS.indexOf(wanted.protocol)) return 'protocol'
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return 'certificate'
  const days = (Date.parse(certificate.validTo) / 1000 - wall) / 86_400
  if (days < (wanted.days?.min ?? Number.NEGATIVE_INFINITY) || days > (wanted.days?.max ?? Number.POSITIVE_INFINITY)) return 'days'
  const { san } = wanted
  if (san !== undefined && !(isIP(san) ? certificate.checkIP(san) : certificate.checkHost(san))) return 'san'
  return undefined
}
