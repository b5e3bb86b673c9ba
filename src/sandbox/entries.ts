import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** From source the entries are `.ts` (Node strips the types), in dist they are `.js`. */
const here = extname(fileURLToPath(import.meta.url))
const entry = (path: string): string => fileURLToPath(new URL(`${path}${here}`, import.meta.url))

/** Files that are started as processes of their own. */
export const ENTRIES = {
  supervisor: entry('./supervisor/supervisor-main'),
  guardian: entry('./supervisor/guardian-main'),
  edge: entry('./edge/edge-main'),
  gateway: entry('./region/gateway-main'),
  model: entry('./region/model-main'),
  registry: entry('./registry/registry-main'),
  alerter: entry('./alerter/alerter-main'),
  controller: entry('./controller/controller-main'),
  link: entry('../platforms/link/proxy/proxy-main'),
} as const
