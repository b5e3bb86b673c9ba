import { connect } from 'node:net'
import { defineProbe, type Shot } from '../contracts/probe.ts'
import { count, object, text } from '../domain/shape.ts'
import { textCheck, valueCheck } from '../platforms/net/check.ts'
import { codeOf } from '../platforms/net/code.ts'
import { createLookup } from '../platforms/net/lookup.ts'
import { latencyBounds, orLate } from './late.ts'

const parameters = object(
  { host: text({ doc: 'A name or an address.' }), port: count({ min: 1, max: 65_535, doc: 'A TCP port.' }) },
  { send: text({ doc: 'Sent once connected.', examples: ['"PING\\r\\n"'] }) },
)
const expect = object(
  {},
  {
    latency: latencyBounds('An answer'),
    answer: textCheck('What the peer says first must be; without it a connection is enough.'),
  },
)

const ANSWER_LIMIT = 65_536

/** A TCP connection; with `send` or `answer` also what the peer says. */
export const tcp = defineProbe({
  name: 'tcp',
  summary: 'A TCP connection, and what the peer says first',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  async open(spec, wanted, { clock }) {
    const lookup = createLookup({ fresh: true })
    const right = wanted.answer && valueCheck(wanted.answer)

    const shoot = (timeout: number): Promise<Shot> =>
      new Promise((resolve) => {
        const start = clock.now()
        let heard = ''
        const settle = (outcome: Shot['outcome'], code: string): void => {
          clearTimeout(timer)
          const end = clock.now()
          resolve({ start, end, ...orLate({ outcome, code }, end - start, wanted.latency?.max) })
          socket.destroy()
        }
        const timer = setTimeout(() => (heard === '' ? settle('failed', 'timeout') : settle('wrong', 'answer')), timeout * 1000)
        const socket = connect({ host: spec.host, port: spec.port, lookup, noDelay: true })
        socket.on('error', (error) => settle('failed', codeOf(error)))
        socket.on('connect', () => {
          if (spec.send !== undefined) socket.write(spec.send)
          if (!right) settle('full', 'connected')
        })
        socket.on('data', (chunk: Buffer) => {
          if (heard.length < ANSWER_LIMIT) heard += chunk.toString('utf8')
          if (right?.(heard)) settle('full', 'answered')
        })
        socket.on('close', () => (heard === '' ? settle('failed', 'closed') : settle('wrong', 'answer')))
      })
    return { shoot, close: async () => {} }
  },
})
