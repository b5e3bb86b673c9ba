#!/usr/bin/env node
// Plain JavaScript that old Nodes parse too, because saying what to install is its first duty.

/** An import reads all names of a built-in, and some of them (the streams of fs) are slow to come; where it can be had without, it is. */
const builtin = async (name) => process.getBuiltinModule?.(name) ?? (await import(name))
const { existsSync, readFileSync } = await builtin('node:fs')
const { fileURLToPath } = await builtin('node:url')

const OLDEST = 24
const USAGE = 64
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

const argv = process.argv.slice(2)
const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

function refuse(message, next) {
  process.stderr.write(`error: ${message}\n  ${next}\n`)
  process.exit(USAGE)
}

/** Runs this file again under `node`. Where the process can be replaced it is, so that signals and the exit code need no forwarding. */
async function reexecute(node) {
  const args = [inRoot('bin/run.js'), ...argv]
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env)
  const { spawn } = await builtin('node:child_process')
  const env = { ...process.env, FIREDRILL_LAUNCHER: String(process.pid) }
  const child = spawn(node, args, { stdio: 'inherit', env })
  child.on('error', (error) => refuse(`${node} does not start: ${error.message}`, 'npm ci'))
  // A terminal's Ctrl-C reaches the child by itself as well; the child takes both for one.
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of FORWARDED) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

async function start() {
  // A drill is a guest on the machine: V8 collects sooner instead of growing, here and in its threads. Killing a thousand pods peaks at 140 MB
  // instead of 220; measuring ten million samples takes four percent longer.
  if (argv[0] === 'run') process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size')
  process.getBuiltinModule('node:module').enableCompileCache()
  const main = new URL('../dist/cli/main.js', import.meta.url)
  if (!existsSync(fileURLToPath(main))) refuse('this checkout has not been built.', 'npm run build')
  const { main: run } = await import(main.href)
  await run(argv, inRoot(''))
}

const major = Number(process.versions.node.split('.')[0])
if (argv[0] === '--version' || argv[0] === '-v') {
  process.stdout.write(`firedrill ${JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).version}\n`)
} else if (process.platform === 'win32') {
  refuse('Windows is not supported: a drill that cannot be undone there is not started.', 'use Linux, macOS or WSL 2')
} else if (major >= OLDEST) {
  await start()
} else {
  const own = inRoot('node_modules/node/bin/node')
  if (existsSync(own)) await reexecute(own)
  else
    refuse(
      `firedrill needs Node ${OLDEST} or newer and this is ${process.versions.node}.`,
      `install Node ${OLDEST}: https://nodejs.org/en/download`,
    )
}
