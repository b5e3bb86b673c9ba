import { DrillError, describe } from '../../domain/error.ts'
import { dieWithParent, tellParent } from '../kit/role.ts'
import { handleWith } from '../kit/server.ts'
import type { SupervisorConfig } from './config.ts'
import { startSandbox } from './sandbox.ts'

const config = JSON.parse(process.argv[2] ?? '{}') as SupervisorConfig
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined)

startSandbox(config).then(
  ({ ready, handle, stop, ownerGone, server }) => {
    handleWith(server, handle)
    process.once('SIGTERM', stop)
    if (!config.standing) dieWithParent(ownerGone)
    tellParent(ready)
  },
  (error: unknown) => {
    const code = error instanceof DrillError ? { code: error.code, next: error.next } : { code: 'SANDBOX_START', next: [] }
    tellParent({ failed: describe(error), ...code })
    process.exit(1)
  },
)
