import { type LinkUp, linkDown, linksUp, linkUp } from '../../platforms/link/own.ts'
import type { LinkState } from '../../platforms/link/rule.ts'
import type { ProxyReady } from '../../platforms/link/start.ts'
import { runtimeFolder } from '../host/home.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Links of this machine's runtime folder; see `platforms/link/own.ts`. */
export const putLink = (of: LinkUp, env: Env): Promise<ProxyReady> => linkUp(of, runtimeFolder(env))
export const takeLink = (name: string, env: Env): Promise<boolean> => linkDown(name, runtimeFolder(env))
export const allLinks = (env: Env): Promise<readonly LinkState[]> => linksUp(runtimeFolder(env))
