import { dieWithParent, tellParent } from '../kit/role.ts'
import { sweep } from './sweep.ts'

/**
 * In a session of its own, it outlives the supervisor by the blink it takes to end what the supervisor started and cannot end any more,
 * paused processes and databases included, and to remove the folder. It is the only one that does, so that the way out of a crash is
 * the way out of every day.
 */
const dir = process.argv[2] ?? ''
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
dieWithParent(() => {
  void sweep(dir).finally(() => process.exit(0))
})
tellParent({ ready: true, pid: process.pid })
