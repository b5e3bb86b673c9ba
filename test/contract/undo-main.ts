// Undoes in a process that knows nothing but a record, as the watchdog does: `node undo-main.ts <fault> <record> <context>`.
import { systemClock } from '../../src/contracts/clock.ts'
import type { Fault } from '../../src/contracts/fault.ts'
import * as faults from '../../src/registry/faults.ts'

const [name, record = '', context = ''] = process.argv.slice(2)
const fault = (Object.values(faults) as readonly Fault[]).find((one) => one.name === name)
if (fault === undefined) throw new Error(`no fault ${name}`)
const outcome = await fault.undo(JSON.parse(record), {
  ...JSON.parse(context),
  clock: systemClock(process.hrtime.bigint()),
  signal: AbortSignal.timeout(8000),
  note: () => undefined,
})
process.stdout.write(JSON.stringify(outcome))
