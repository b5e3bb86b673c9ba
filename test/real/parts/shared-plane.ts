import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'

let starting: Promise<ControlPlane> | undefined

/** One control plane with four nodes in two zones for all tests of a file: it takes seconds to start. Ended by `endSharedPlane`. */
export function sharedPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  starting ??= startControlPlane(options).then(async (plane) => {
    await plane.addNodes(4, { zone: ['zone-a', 'zone-b'] })
    return plane
  })
  return starting
}

export async function endSharedPlane(): Promise<void> {
  const plane = await starting?.catch(() => undefined)
  starting = undefined
  await plane?.[Symbol.asyncDispose]()
}
