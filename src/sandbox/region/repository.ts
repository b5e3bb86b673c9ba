import { VERSIONS } from '../model/versions.ts'

/** What a model server has loaded. A request that names no version gets the one that was loaded last. */
export interface Repository {
  current(): string | null
  has(version: string): boolean
  load(version: string): boolean
  unload(version: string | null): void
  index(): readonly { readonly version: string; readonly state: 'READY' | 'UNAVAILABLE' }[]
}

export function createRepository(first: string, changed: (event: 'loaded' | 'unloaded', version: string) => void): Repository {
  let loaded: readonly string[] = [first]
  return {
    current: () => loaded.at(-1) ?? null,
    has: (version) => loaded.includes(version),
    load: (version) => {
      if (!VERSIONS.has(version)) return false
      loaded = [...loaded.filter((each) => each !== version), version]
      changed('loaded', version)
      return true
    },
    unload: (version) => {
      const gone = version === null ? loaded : loaded.filter((each) => each === version)
      loaded = loaded.filter((each) => !gone.includes(each))
      for (const each of gone) changed('unloaded', each)
    },
    index: () => [...VERSIONS.keys()].map((version) => ({ version, state: loaded.includes(version) ? 'READY' : 'UNAVAILABLE' })),
  }
}
