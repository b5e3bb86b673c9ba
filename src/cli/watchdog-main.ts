import { serveWatchdog } from '../engine/watchdog/serve.ts'
import { registry } from '../registry/index.ts'

await serveWatchdog({ registry })
