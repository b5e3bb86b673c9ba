import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/** Folders below FIREDRILL_CRDS: definitions as their projects publish them. */
export const CHAOS_MESH = 'chaos-mesh-2.8.3'
export const K6_OPERATOR = 'k6-operator-1.6.0'

/** Why tests with these definitions cannot run here; undefined: they can. */
export function crdsMissing(set: string): string | undefined {
  const root = process.env['FIREDRILL_CRDS']
  if (root === undefined || root === '') return `FIREDRILL_CRDS names no folder with ${set}/`
  return existsSync(join(root, set)) ? undefined : `${root} has no ${set}/`
}

const done = new WeakMap<ControlPlane, Set<string>>()

/** Once for each control plane; resolves when objects of them can be made. */
export async function installCrds(plane: ControlPlane, set: string): Promise<void> {
  const installed = done.get(plane) ?? new Set()
  done.set(plane, installed)
  if (installed.has(set)) return
  const folder = join(process.env['FIREDRILL_CRDS'] ?? '', set)
  // On the server's side: they are larger than the annotation in which kubectl would keep a copy.
  await plane.kubectl('apply', '--server-side', '-f', folder)
  // A first look may find no conditions at all, which kubectl takes for an error.
  await plane.waitFor(`${set} is in force`, async () => {
    await plane.kubectl('wait', '--for=condition=Established', '--timeout=30s', '-f', folder)
    return true
  })
  installed.add(set)
}
