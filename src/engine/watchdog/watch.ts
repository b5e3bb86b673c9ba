import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { isReleased, LEASE_VALID, readLease } from '../../contracts/lease.ts'
import { DrillError, describe } from '../../domain/error.ts'
import type { Seconds } from '../../domain/time.ts'
import { EXIT, type ExitCode } from '../../domain/verdict.ts'
import { runPaths } from '../home/layout.ts'
import { type RunInfo, readRun } from '../home/runs.ts'
import { endForSure } from '../lease/identity.ts'
import { type HeldLease, takeLease } from '../lease/lease.ts'
import type { RescueRegistry } from '../undo/rescue/bench.ts'
import { rescue } from '../undo/rescue/rescue.ts'

export interface WatchdogDeps {
  readonly registry: RescueRegistry
  readonly env: Readonly<Record<string, string | undefined>>
  /** From the engine: `{"end":true}` on its orderly end; its closing is the engine's death. */
  readonly input: Readable
  /** To the engine: `{"ready":…}` once, then a sign of life a second. */
  readonly output: Writable
  readonly log: (text: string) => void
  readonly finish?: (out: string) => Promise<void>
  /** Until the second reading back; default one lease. */
  readonly again?: Seconds
}

const LOOK_EVERY = 250
const SIGN_OF_LIFE_EVERY = 1000

type Ending = { readonly orderly: true } | { readonly orderly: false; readonly why: string }

/** Waits for the run's engine to end, and when it ends badly does its work. Resolves with the exit code of the watchdog itself. */
export async function watchRun(home: string, run: string, deps: WatchdogDeps): Promise<ExitCode> {
  const info = await readRun(home, run)
  deps.log(`watching ${run}, pid ${info.pid}`)
  // Loaded while all is well: what undoing needs must not have to be found when the disk or the network is what broke.
  for (const name of info.platforms ?? []) await deps.registry.platforms.get(name)?.load?.()
  const life = startSignsOfLife(deps.output)
  const ending = await Promise.race([endOfInput(deps.input), silence(runPaths(home, run).lease)])
  clearInterval(life)
  if (ending.orderly) return EXIT.held
  deps.log(ending.why)
  const lease = await takeFrom(home, info, deps)
  if (!lease) return EXIT.held
  const { exit } = await rescue({ ...deps, home, run, info, lease, by: 'watchdog', why: ending.why })
  return exit
}

function startSignsOfLife(output: Writable): NodeJS.Timeout {
  // Nobody reads any more once the engine is dead, and that is no reason to die with it.
  output.on('error', () => undefined)
  output.write(`${JSON.stringify({ ready: process.pid })}\n`)
  return setInterval(() => output.write('{}\n'), SIGN_OF_LIFE_EVERY)
}

function endOfInput(input: Readable): Promise<Ending> {
  return new Promise((resolve) => {
    const lines = createInterface({ input })
    lines.on('line', (line) => {
      if (line.includes('"end"')) resolve({ orderly: true })
    })
    const dead = (): void => resolve({ orderly: false, why: 'its process died' })
    lines.on('close', dead)
    input.on('error', dead)
  })
}

/** Resolves when the lease was not renewed for its whole validity while this process itself was awake. */
function silence(file: string): Promise<Ending> {
  return new Promise((resolve) => {
    let renewed: bigint | undefined
    let since = process.hrtime.bigint()
    let looked = since
    const timer = setInterval(() => {
      const now = process.hrtime.bigint()
      const lease = readLease(file)
      const slept = now - looked > BigInt(4 * LOOK_EVERY) * 1_000_000n
      looked = now
      // After a stop of its own (a suspended machine, a starved one) the engine gets the same time to show itself.
      if (slept || lease?.renewed !== renewed || (lease && isReleased(lease))) {
        renewed = lease?.renewed
        since = now
      }
      const silent = Number(now - since) / 1e9
      if (silent <= LEASE_VALID) return
      clearInterval(timer)
      resolve({ orderly: false, why: `it was silent for ${silent.toFixed(1)} s` })
    }, LOOK_EVERY)
    timer.unref()
  })
}

/** Ends the engine and takes its lease; undefined when the run is over, or somebody else has ended it meanwhile. */
async function takeFrom(home: string, known: RunInfo, { log }: WatchdogDeps): Promise<HeldLease | undefined> {
  const { run } = known
  for (;;) {
    const info = await readRun(home, run).catch(() => known)
    if (info.state === 'ended') return undefined
    if (!(await endForSure(info))) log(`pid ${info.pid} cannot be ended; its epoch is fenced off`)
    try {
      return await takeLease({ run, file: runPaths(home, run).lease, by: 'watchdog' })
    } catch (error) {
      if (!(error instanceof DrillError && error.code === 'LEASE_HELD')) throw error
      log(describe(error))
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
    }
  }
}
