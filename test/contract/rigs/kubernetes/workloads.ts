import { deploymentOf, isReady, serviceOf } from '../../../real/parts/objects.ts'
import type { Stage } from './on-plane.ts'

/** A StatefulSet behind a service, when all of its pods are endpoints. */
export async function statefulSet(
  { plane, namespace }: Stage,
  name: string,
  replicas: number,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { metadata, spec } = deploymentOf(name, replicas, { env })
  await plane.api.call('POST', `/api/v1/namespaces/${namespace}/services`, serviceOf(name))
  const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets`
  await plane.api.call('POST', path, { metadata, spec: { ...spec, serviceName: name } })
  await plane.waitFor(`${name} is ready`, async () => isReady(await plane.get(`${path}/${name}`)))
  await endpoints({ plane, namespace }, name, replicas)
}

/** One pod on every node, behind a service. */
export async function daemonSet({ plane, namespace }: Stage, name: string): Promise<void> {
  const { metadata, spec } = deploymentOf(name, 1, {})
  const { selector, template } = spec
  await plane.api.call('POST', `/api/v1/namespaces/${namespace}/services`, serviceOf(name))
  await plane.api.call('POST', `/apis/apps/v1/namespaces/${namespace}/daemonsets`, { metadata, spec: { selector, template } })
  await plane.waitFor(`${name} is ready`, async () => (await plane.endpoints(name, namespace)).length > 1)
}

export const endpoints = ({ plane, namespace }: Stage, service: string, count: number): Promise<unknown> =>
  plane.waitFor(`${service} has ${count} endpoints`, async () => (await plane.endpoints(service, namespace)).length === count)

/** A field of an object as kubectl prints it. */
export const read = ({ plane, namespace }: Stage, kind: string, name: string, path: string): Promise<string> =>
  plane.kubectl('-n', namespace, 'get', kind, name, '-o', `jsonpath={${path}}`)
