import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ShapeNode } from '../../../../src/domain/shape.ts'
import { eventsOf, type Place, type Running, start, until } from '../../../kit/cli.ts'
import { stateOf } from '../../../kit/service.ts'

/** A drill with a client that sees nothing of the cluster: what it says is about firedrill alone. */
export interface Drill {
  readonly title?: string
  /** Of a server that answers 200. */
  readonly port: number
  readonly targets: Readonly<Record<string, object>>
  readonly faults: readonly object[]
  readonly undoStore?: string
  readonly system?: string
  readonly more?: object
}

/** The experiment as a file; JSON, which is YAML as well. */
export function writeDrill(
  at: Pick<Place, 'folder'>,
  { title, port, targets, faults, undoStore, system, more }: Drill,
  name = 'drill',
): string {
  const file = join(at.folder, `${name}.yaml`)
  const kubernetes = Object.fromEntries(Object.entries(targets).map(([key, of]) => [key, { kubernetes: of }]))
  const text = {
    firedrill: 1,
    title: title ?? 'A drill of the tests',
    system: system ?? 'shop',
    ...(undoStore !== undefined && { undoStore }),
    targets: kubernetes,
    probes: { front: { http: { url: `http://127.0.0.1:${port}/` }, expect: { status: 200 }, every: '50ms' } },
    steadyState: { probes: ['front'], hold: '300ms', good: { min: '90%' } },
    faults,
    limits: { targets: 10, duration: '3m' },
    ...more,
  }
  writeFileSync(file, JSON.stringify(text, null, 1))
  return file
}

/** A parameter as a person would write it. */
export function written(node: ShapeNode, value: unknown): unknown {
  if (node.type === 'duration') return `${String(value)}s`
  if (node.type === 'percent') return `${Number(value) * 100}%`
  if (node.type === 'size') return `${String(value)}B`
  if (node.type === 'rate') return `${String(value)}/s`
  if (node.type === 'list' && Array.isArray(value)) return value.map((each) => written(node.item, each))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (node.type === 'map') return Object.fromEntries(entries.map(([key, each]) => [key, written(node.value, each)]))
  if (node.type !== 'object') return value
  return Object.fromEntries(entries.map(([key, each]) => [key, written(node.fields[key]?.node ?? { type: 'json' }, each)]))
}

export const onCluster = (at: Place, kubeconfig: string): Place['env'] => ({ ...at.env, KUBECONFIG: kubeconfig })

export interface Begun {
  readonly running: Running
  readonly out: string
  /** Rejects when the drill ends before. */
  readonly reached: (kind: Parameters<typeof eventsOf>[1], seconds?: number) => Promise<unknown>
}

export function begin(file: string, env: Place['env'], out: string, ...more: readonly string[]): Begun {
  const running = start(['run', file, '--yes', '--out', out, ...more], env)
  const early = running.ended.then(({ code, stdout, stderr }) => Promise.reject(new Error(`exit ${code}: ${stdout}${stderr}`)))
  early.catch(() => undefined)
  const reached: Begun['reached'] = (kind, limit = 60) =>
    Promise.race([until(`${kind} in the journal`, () => eventsOf(out, kind).length > 0, limit), early])
  return { running, out, reached }
}

export const runIn = (out: string): string => eventsOf(out, 'drill.opened')[0]?.run ?? ''

/** The child of firedrill that runs the watchdog's entry. */
export function watchdogOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  const found = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('watchdog-main'))
  if (found === undefined) throw new Error('firedrill has no watchdog')
  return found
}

/** Neither sees the other die: firedrill is stopped first. */
export async function killBoth({ pid, ended }: Running): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  const watchdog = watchdogOf(pid)
  process.kill(watchdog, 'SIGKILL')
  process.kill(pid, 'SIGKILL')
  await ended
  await until('the watchdog is gone', () => ['gone', 'Z'].includes(stateOf(watchdog)))
}
