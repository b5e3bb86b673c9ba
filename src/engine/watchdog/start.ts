import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { DrillError } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { runPaths } from '../home/layout.ts'

export interface WatchdogOptions {
  readonly home: string
  /** Its `run.json` and its lease are there already. */
  readonly run: string
  /** The watchdog's entry file: it calls `serveWatchdog`. */
  readonly entry: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** No watchdog could be kept alive: abort and undo. Until then a dead one is replaced at once. */
  readonly onLost: (why: DrillError) => void
  readonly note?: (text: string) => void
}

/** The process that undoes when this one cannot. */
export interface Watchdog {
  /** Resolves when a living one is watching; rejects with a DrillError (WATCHDOG_LOST): nothing may be mutated without one. */
  ready(): Promise<void>
  pid(): number | undefined
  /** The drill is over: it goes. Idempotent. */
  end(): Promise<void>
}

const READY_WITHIN = 15_000
const SILENT_FOR = 10_000
/** Replacements in one drill: one that dies again and again is no accident. */
const REPLACEMENTS = 3

/** Starts the watchdog and resolves when it watches. Rejects with a DrillError (WATCHDOG_LOST) when it cannot be started. */
export async function startWatchdog(options: WatchdogOptions): Promise<Watchdog> {
  let ending = false
  let left = REPLACEMENTS
  let dog = spawnDog(options)
  const guard = (current: Dog): void => {
    void current.died.then((how) => {
      if (ending || current !== dog) return
      options.note?.(`The watchdog ended (${how})`)
      if (left === 0) return options.onLost(lost(how))
      left -= 1
      dog = spawnDog(options)
      guard(dog)
    })
  }
  // The first one must come up: a start that fails is the caller's to report, not to be tried again.
  await dog.ready
  guard(dog)
  return {
    ready: () => dog.ready,
    pid: () => dog.child.pid,
    end: async () => {
      ending = true
      await dog.end()
    },
  }
}

interface Dog {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  /** Never rejects. */
  readonly died: Promise<string>
  end(): Promise<void>
}

function spawnDog({ home, run, entry, env }: WatchdogOptions): Dog {
  const paths = runPaths(home, run)
  const log = openSync(paths.watchdogLog, 'a', 0o600)
  // A session of its own: what kills the engine's process group or closes its terminal does not reach it.
  const child = spawn(process.execPath, [entry, home, run], { cwd: paths.folder, env, detached: true, stdio: ['pipe', 'pipe', log] })
  closeSync(log)
  const died = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
    child.on('error', (error) => resolve(error.message))
  })
  const { ready, stop } = listen(child, died)
  // Nobody may wait for a ready line whose process the next one replaces.
  ready.catch(() => undefined)
  letGo(child)
  return { child, ready, died, end: () => end(child, died, stop) }
}

/** Its ready line, and from then on a sign of life every second: one that is stopped is killed, and so replaced. */
function listen(child: ChildProcess, died: Promise<string>): { ready: Promise<void>; stop: () => void } {
  let heard = performance.now()
  let checked = heard
  const timer = setInterval(() => {
    const now = performance.now()
    // This process was stopped itself: what was said meanwhile has not been read yet.
    if (now - checked > 2500) heard = now
    checked = now
    if (now - heard > SILENT_FOR) child.kill('SIGKILL')
  }, 1000)
  timer.unref()
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      reject(lost(`it was not ready within ${READY_WITHIN / 1000} s`))
    }, READY_WITHIN)
    child.stdout?.on('data', () => {
      heard = performance.now()
      clearTimeout(late)
      resolve()
    })
    void died.then((how) => {
      clearTimeout(late)
      clearInterval(timer)
      reject(lost(how))
    })
  })
  return { ready, stop: () => clearInterval(timer) }
}

async function end(child: ChildProcess, died: Promise<string>, stop: () => void): Promise<void> {
  stop()
  child.stdin?.write('{"end":true}\n')
  const late = setTimeout(() => child.kill('SIGKILL'), 5000)
  await died
  clearTimeout(late)
}

/** It does not keep this process from ending. */
function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout]) {
    stream?.on('error', () => undefined)
    if (stream instanceof Socket) stream.unref()
  }
}

const lost = (how: string): DrillError =>
  new DrillError(`The watchdog, which undoes when firedrill dies, is not there: ${how}`, {
    code: 'WATCHDOG_LOST',
    exit: EXIT.aborted,
    next: ['firedrill doctor'],
  })
