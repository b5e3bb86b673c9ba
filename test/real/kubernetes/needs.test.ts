import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Fault, FaultInput } from '../../../src/contracts/fault.ts'
import type { Need } from '../../../src/contracts/preflight.ts'
import type { Json } from '../../../src/domain/json.ts'
import type { Right } from '../../../src/platforms/kubernetes/rights/needs.ts'
import type { ObjectRef } from '../../../src/platforms/kubernetes/target/target.ts'
import { faults } from '../../contract/fault-suite.ts'
import type { Rig } from '../../contract/rig.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

afterAll(endSharedPlane)

async function rigsOf(name: string): Promise<readonly Rig[]> {
  const file = join(import.meta.dirname, `../../contract/rigs/${name}.ts`)
  return existsSync(file) ? ((await import(file)) as { readonly rigs: readonly Rig[] }).rigs : []
}

const cases = (
  await Promise.all(
    faults
      .filter(({ platform }) => platform === 'kubernetes')
      .map(async (fault) => (await rigsOf(fault.name)).map((rig) => [`${fault.name}: ${rig.what}`, fault, rig] as const)),
  )
).flat()

let users = 0

/** A user with these rights and no other, in the whole cluster: places are held to by the roles that a plan prints. */
async function userWith(needs: readonly Need[]): Promise<readonly [name: string, kubeconfig: string]> {
  const plane = await sharedPlane()
  const rules = needs.map(({ data }) => {
    const { group, resource, subresource, verb, name } = data as unknown as Right
    const named = name !== undefined && !['create', 'list', 'watch'].includes(verb)
    const resources = [subresource === undefined ? resource : `${resource}/${subresource}`]
    return { apiGroups: [group], resources, verbs: [verb], ...(named && { resourceNames: [name] }) }
  })
  const user = `needy-${users++}`
  return [user, await plane.user(user, rules)]
}

/** The same target, through another context of the same cluster. */
function through(context: string, input: FaultInput<unknown>): FaultInput<unknown> {
  if (!input.target) return input
  const ref = input.target.data as unknown as ObjectRef
  return { ...input, target: { ...input.target, data: { ...ref, cluster: { ...ref.cluster, context, uid: null } } } }
}

describe.each(cases)('%s', (_, fault: Fault, rig) => {
  test.skipIf(rig.needs?.() !== undefined)('what its plan asks for is enough to plan, inject, prove and undo it', async () => {
    await using scene = await rig.build()
    const asked = (await fault.preflight?.([scene.input() as FaultInput<Json>], scene.context()))?.needs ?? []
    const [user, kubeconfig] = await userWith(asked)
    const input = through(user, scene.input()) as FaultInput<Json>
    const context = scene.context({ env: { ...scene.context().env, KUBECONFIG: kubeconfig } })
    await fault.preflight?.([input], context)
    const mutation = await fault.plan(input, context)
    const watching = fault.effect(input, mutation, { ...context, signal: AbortSignal.timeout(fault.needsProbe ? 500 : 8000) })
    await fault.inject(input, mutation, context)
    expect(await scene.harmed()).toBe(true)
    expect((await watching).proven).toBe(fault.needsProbe !== true)
    if (mutation.undo === null) return
    expect(await fault.undo(mutation.undo, context)).toMatchObject({ state: 'undone', verified: true })
    expect(await scene.harmed()).toBe(false)
  })
})
