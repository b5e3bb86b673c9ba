import { Args, Flags } from '@oclif/core'
import { DrillCommand } from '../cli/base-command.ts'
import { homeFolder } from '../cli/host/home.ts'
import { storeFlag } from '../cli/input/store-flag.ts'
import { type StopJson, stopRun } from '../cli/runs/stop.ts'
import { openStores } from '../cli/runs/stores.ts'

export default class Stop extends DrillCommand {
  static readonly effect = 'changes-target'
  static readonly result = 'stop'
  static override summary = 'Abort a running drill and wait until it has undone everything'
  static override description =
    'Works from another terminal and for a drill of another session; with --store also for a drill of another machine, which reads it within seconds from the lock that it renews there. Without a run it stops the only one there is.'
  static override args = { run: Args.string({ description: 'The run, as `status` shows it' }) }
  static override flags = {
    store: storeFlag(),
    wait: Flags.integer({ summary: 'Seconds to wait for the undo', default: 120, min: 0 }),
    why: Flags.string({ summary: 'Goes into the journal', default: 'firedrill stop' }),
  }
  static override examples = [
    { command: '<%= config.bin %> <%= command.id %>', description: 'Stop the only running drill' },
    { command: '<%= config.bin %> <%= command.id %> 20261122t153006z-4f2a9c --wait 0', description: 'Ask, and do not wait' },
    {
      command: '<%= config.bin %> <%= command.id %> 20261122t153006z-4f2a9c --store kubernetes:eu',
      description: 'A drill of another machine, through the lock that it holds in the cluster',
    },
  ]

  async run(): Promise<StopJson> {
    const { args, flags } = await this.parse(Stop)
    const stores = await openStores(flags.store ?? [], process.env)
    const result = await stopRun(homeFolder(process.env), { run: args.run, why: flags.why, waitSeconds: flags.wait, stores })
    for (const { run, state, open } of result.stopped)
      this.log(`${run}: ${state}${open > 0 ? `, ${open} still faulted` : ', nothing is faulted'}`)
    process.exitCode = result.exit
    return result
  }
}
