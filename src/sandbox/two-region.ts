import { defineSystem } from '../contracts/system.ts'
import { EXPORT_NAMES, exportsOf } from './exports.ts'
import { handleJson, readHandle } from './handle.ts'
import { endSandbox, launchSandbox } from './life.ts'
import { readOptions } from './options.ts'

/** The embedded service: two regions, an edge in front, a replicated database behind; real processes on loopback, real failures. */
export const twoRegion = defineSystem({
  name: 'two-region',
  summary: 'Two regions of model servers behind an edge load balancer, over a replicated PostgreSQL, on loopback',
  exportNames: EXPORT_NAMES,
  up: async (options, at) => {
    const handle = await launchSandbox({ options: readOptions(options), folder: at.folder, standing: false, signal: at.signal })
    return { exports: exportsOf(handle.layout), handle: handleJson(handle), down: () => endSandbox(handle) }
  },
  down: (handle) => endSandbox(readHandle(handle)),
})
