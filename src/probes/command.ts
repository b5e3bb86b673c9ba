import { type ChildProcess, spawn } from 'node:child_process'
import { resolve as resolvePath } from 'node:path'
import { defineProbe, type Shot } from '../contracts/probe.ts'
import { reveal } from '../contracts/secret.ts'
import { count, either, list, mapOf, object, secret, text, withDefault } from '../domain/shape.ts'
import { textCheck, valueCheck } from '../platforms/net/check.ts'
import { codeOf } from '../platforms/net/code.ts'
import { latencyBounds, orLate } from './late.ts'

const parameters = object(
  { argv: list(text(), { min: 1, doc: 'The program and its arguments; no shell in between.' }) },
  {
    env: mapOf(either(text(), secret()), { key: 'text', doc: 'Added to the environment.' }),
    cwd: text({ doc: 'Where it runs; default the experiment’s folder.' }),
  },
)
const expect = object(
  { exit: withDefault(count({ max: 255, doc: 'The exit code of a service that is well; default 0.' }), 0) },
  {
    latency: latencyBounds('A command'),
    stdout: textCheck('What it prints must be.'),
  },
)

const OUTPUT_LIMIT = 1_048_576

/** A program's exit code and output. At the timeout it is killed with everything it started. */
export const command = defineProbe({
  name: 'command',
  summary: 'A program: its exit code and what it prints',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  async open(spec, wanted, context) {
    const { clock, env, folder } = context
    const [file = '', ...args] = spec.argv
    const added = Object.fromEntries(Object.entries(spec.env ?? {}).map(([name, value]) => [name, reveal(value, context)]))
    const options = { cwd: resolvePath(folder, spec.cwd ?? '.'), env: { ...env, FIREDRILL_RUN: context.run, ...added } }
    const right = wanted.stdout && valueCheck(wanted.stdout)
    const running = new Set<ChildProcess>()

    const shoot = (timeout: number): Promise<Shot> =>
      new Promise((resolve) => {
        const start = clock.now()
        let out = ''
        const settle = (outcome: Shot['outcome'], code: string): void => {
          clearTimeout(timer)
          running.delete(child)
          const end = clock.now()
          resolve({ start, end, ...orLate({ outcome, code }, end - start, wanted.latency?.max) })
        }
        // A group of its own, so that what it started ends with it.
        const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', right ? 'pipe' : 'ignore', 'ignore'] })
        running.add(child)
        const timer = setTimeout(() => {
          settle('failed', 'timeout')
          killGroup(child)
        }, timeout * 1000)
        child.stdout?.on('data', (chunk: Buffer) => {
          if (out.length < OUTPUT_LIMIT) out += chunk.toString('utf8')
        })
        child.on('error', (error) => settle('failed', codeOf(error)))
        child.on(right ? 'close' : 'exit', (exit, signal) => {
          if (exit !== wanted.exit) settle('failed', signal ?? `exit ${exit}`)
          else if (right && !right(out)) settle('wrong', 'stdout')
          else settle('full', `exit ${exit}`)
        })
      })
    return {
      shoot,
      async close() {
        for (const child of running) killGroup(child)
      },
    }
  },
})

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
