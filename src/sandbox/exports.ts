import { join } from 'node:path'
import { controlSocket, dsnOf, type Layout, pidFile, portOf, REGIONS, type Region, urlOf } from './layout.ts'

const REGION_PROCESSES = ['gateway', 'model-1', 'model-2', 'db'] as const
const constant = (text: string): string => text.toUpperCase().replaceAll('-', '_')

/** `$SANDBOX_…` names and what they stand for. */
export function exportsOf(layout: Layout): Readonly<Record<string, string>> {
  return {
    SANDBOX_DIR: layout.dir,
    SANDBOX_TRUTH: layout.truth,
    SANDBOX_URL: urlOf(layout, 'edge'),
    SANDBOX_SUPERVISOR_URL: urlOf(layout, 'supervisor'),
    SANDBOX_CONTROLLER_URL: urlOf(layout, 'controller'),
    SANDBOX_REGISTRY_URL: urlOf(layout, 'registry'),
    SANDBOX_ALERTER_URL: urlOf(layout, 'alerter'),
    SANDBOX_ALERT_PORT: String(portOf(layout, 'alerts')),
    SANDBOX_WRITE_DSN: dsnOf(layout, 'write'),
    SANDBOX_LINK_EDGE_EU: controlSocket(layout, 'edge-eu'),
    SANDBOX_LINK_EDGE_US: controlSocket(layout, 'edge-us'),
    SANDBOX_LINK_REPLICATION: controlSocket(layout, 'replication'),
    ...Object.fromEntries(REGIONS.flatMap((region) => regionExports(layout, region))),
  }
}

function regionExports(layout: Layout, region: Region): readonly (readonly [string, string])[] {
  const prefix = `SANDBOX_${constant(region)}`
  return [
    [`${prefix}_PIDS`, join(layout.dir, 'run', region, '*.pid')],
    [`${prefix}_DSN`, dsnOf(layout, `${region}-db`)],
    [`${prefix}_GATEWAY_URL`, urlOf(layout, `${region}-gateway`)],
    [`${prefix}_MODEL_1_URL`, urlOf(layout, `${region}-model-1`)],
    [`${prefix}_MODEL_2_URL`, urlOf(layout, `${region}-model-2`)],
    ...REGION_PROCESSES.map((name) => [`${prefix}_${constant(name)}_PID`, pidFile(layout, `${region}-${name}`)] as const),
  ]
}

/** Known before anything is up. */
export const EXPORT_NAMES: readonly string[] = Object.keys(exportsOf({ dir: '/', truth: '/', base: 0 }))
