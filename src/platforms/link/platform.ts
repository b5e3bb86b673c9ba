import { resolve } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import { definePlatform } from '../../contracts/platform.ts'
import { refused } from '../../domain/error.ts'
import { keyed, text } from '../../domain/shape.ts'
import type { Target } from '../../domain/target.ts'
import { linkState } from './client.ts'
import type { Address } from './rule.ts'
import { linkFolder, linkSocket } from './where.ts'

export type LinkSelector = { readonly kind: 'control'; readonly spec: string } | { readonly kind: 'name'; readonly spec: string }

/** What a link target carries. */
export type LinkData = {
  readonly control: string
  /** A proxy that was started anew is another link. */
  readonly instance: string
  readonly pid: number
  readonly listen: Readonly<Record<keyof Address, string | number>>
}

/** The data of a target that this platform made. Throws a DrillError on anything else. */
export function linkOf(target: Target | null): LinkData {
  const data = target?.data
  if (target?.platform !== 'link' || typeof data?.['control'] !== 'string' || typeof data['instance'] !== 'string')
    throw refused('This fault needs a target of platform link', 'TARGET_PLATFORM', ['targets: {wire: {link: {name: wire}}}'])
  return data as LinkData
}

async function find({ kind, spec }: LinkSelector, { env, folder, signal }: Context): Promise<readonly Target[]> {
  const control = kind === 'control' ? resolve(folder, spec) : linkSocket(linkFolder(env), spec)
  const state = await linkState(control, signal)
  if (state === undefined) return []
  const { name, instance, pid, listen, to } = state
  const data: LinkData = { control, instance, pid, listen: { ...listen } }
  const label = `${name} (${listen.host}:${listen.port} → ${to.host}:${to.port})`
  return [{ platform: 'link', id: instance, label, data }]
}

/** Links: TCP proxies of firedrill's own in the path of a system. */
export const linkPlatform = definePlatform<LinkSelector>({
  name: 'link',
  summary: "firedrill's own TCP proxies, put in the path of a system with `proxy up` or by the sandbox",
  local: true,
  selector: keyed<LinkSelector>(
    'way to find a link',
    {
      control: text({ doc: "The link's control socket", examples: ['$SANDBOX_LINK_REPLICATION'] }),
      name: text({ doc: 'The name it was given in `firedrill proxy up`', pattern: /^[A-Za-z][\w-]*$/, what: 'name of a link' }),
    },
    {},
    {},
    { doc: 'Exactly one way to find the link' },
  ),
  resolve: find,
})
