import { serveWatchdog } from '../../engine/watchdog/serve.ts'
import { registry } from '../../registry/index.ts'

await serveWatchdog({
  registry,
  // Loaded when everything is put back: no fault of measuring or reporting may keep a watchdog from its work.
  finish: async (out) => void (await import('../drill/judge.ts')).writeReports(out, registry),
})
