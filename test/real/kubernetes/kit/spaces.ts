import { sharedPlane } from '../../parts/shared-plane.ts'

/** Makes a namespace of its own for every test of a file. */
export function spaces(prefix: string): () => Promise<string> {
  let made = 0
  return async () => {
    const name = `${prefix}-${made++}`
    await (await sharedPlane()).namespace(name)
    return name
  }
}
