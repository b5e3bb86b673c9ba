import { createServer, type Server, type ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { seeded } from '../../src/domain/random.ts'
import type { Mode, ServerPlan, Truth } from './plan.ts'

/**
 * One server a mode, each of which takes itself down and up at random and says when, in nanoseconds of CLOCK_MONOTONIC, read on both sides
 * of the change. First line: the ports. It begins with the first line it reads and ends when nobody listens to it any more.
 */
const plan = JSON.parse(process.argv[2] ?? '') as ServerPlan
const now = (): string => process.hrtime.bigint().toString()
const say = (what: unknown): boolean => process.stdout.write(`${JSON.stringify(what)}\n`)

interface Subject {
  readonly mode: Mode
  readonly port: number
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
}

/** Below the range that the kernel takes a client's ports from: a client must not come to sit on the port of a server that is down. */
async function listen(server: Server, random: () => number): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(random() * 15_000)
    const ok = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    server.removeAllListeners('error')
    if (ok) return port
  }
}

async function subject(mode: Mode, random: () => number): Promise<Subject> {
  let bad = false
  const answer = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok')
  }
  const server = createServer((_, response) => {
    if (!bad) answer(response)
    else if (mode === 'slow') setTimeout(answer, plan.slow * 1000, response)
  })
  server.keepAliveTimeout = 1
  const port = await listen(server, random)
  const flip = async (to: boolean): Promise<void> => {
    bad = to
    if (mode !== 'refused') return
    if (!to) {
      await new Promise<void>((resolve) => {
        server.listen(port, '127.0.0.1', resolve)
      })
      return
    }
    server.close()
    server.closeAllConnections()
  }
  return { mode, port, down: () => flip(true), up: () => flip(false) }
}

const between = (random: () => number, [least, most]: readonly [number, number]): number => (least + random() * (most - least)) * 1000

async function live({ mode, down, up }: Subject, random: () => number): Promise<void> {
  for (let i = 0; i < plan.outages; i++) {
    await pause(between(random, plan.up))
    const downFrom = now()
    const falling = down()
    const downTo = now()
    await falling
    await pause(between(random, plan.down))
    const upFrom = now()
    await up()
    const truth: Truth = { mode, down: [downFrom, downTo], up: [upFrom, now()] }
    say(truth)
  }
  say({ done: true })
}

/** Longer than this, milliseconds, and a request may have met a slow server that nobody ordered. */
const STANDSTILL = 30
const TICK = 5

function watchStandstills(): void {
  let last = process.hrtime.bigint()
  setInterval(() => {
    const at = process.hrtime.bigint()
    if (Number(at - last) / 1e6 > STANDSTILL + TICK) say({ stall: [last.toString(), at.toString()] })
    last = at
  }, TICK)
}

const subjects = await Promise.all(plan.modes.map((mode, i) => subject(mode, seeded(plan.seed + i))))
say(Object.fromEntries(subjects.map(({ mode, port }) => [mode, port])))
const input = createInterface({ input: process.stdin })
input.on('close', () => process.exit(0))
input.once('line', () => {
  watchStandstills()
  for (const [i, one] of subjects.entries()) void live(one, seeded(plan.seed + 100 + i))
})
