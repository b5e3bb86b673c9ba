import { join } from 'node:path'

export const REGIONS = ['eu', 'us'] as const
export type Region = (typeof REGIONS)[number]
export const HOST = '127.0.0.1'

/** The client's role owns the database and is no superuser; the superuser's password lies in a file that only its owner can read. */
export const CLIENT_ROLE = 'app'
export const DATABASE = 'postgres'

/** Ports in the order of their block; the first one, held by the supervisor for its whole life, reserves the block. */
const PORTS = [
  'supervisor',
  'edge',
  'registry',
  'alerter',
  'controller',
  'write',
  'alerts',
  'link-edge-eu',
  'link-edge-us',
  'link-replication',
  'eu-gateway',
  'eu-model-1',
  'eu-model-2',
  'eu-db',
  'us-gateway',
  'us-model-1',
  'us-model-2',
  'us-db',
] as const
export type PortName = (typeof PORTS)[number]
export const PORT_BLOCK = 32

/** Where everything of one sandbox is: known before anything of it runs, so that everything can start at once. */
export interface Layout {
  readonly dir: string
  readonly truth: string
  readonly base: number
}

export const portOf = (layout: Pick<Layout, 'base'>, name: PortName): number => layout.base + PORTS.indexOf(name)
export const portsOf = (layout: Pick<Layout, 'base'>): readonly number[] => PORTS.map((_, index) => layout.base + index)
export const urlOf = (layout: Pick<Layout, 'base'>, name: PortName): string => `http://${HOST}:${portOf(layout, name)}`
export const dsnOf = (layout: Pick<Layout, 'base'>, name: PortName): string =>
  `postgres://${CLIENT_ROLE}@${HOST}:${portOf(layout, name)}/${DATABASE}`

export type LinkName = 'edge-eu' | 'edge-us' | 'replication'

export const controlSocket = (layout: Layout, link: LinkName): string => join(layout.dir, `${link}.sock`)
export const dataFolder = (layout: Layout, region: Region): string => join(layout.dir, 'data', region)
export const logFile = (layout: Layout, name: string): string => join(layout.dir, 'logs', `${name}.log`)
export const truthFile = (layout: Layout, name: string): string => join(layout.truth, `${name}.ndjson`)
export const otherRegion = (region: Region): Region => (region === 'eu' ? 'us' : 'eu')
export const isRegion = (text: string): text is Region => text === 'eu' || text === 'us'

/** `eu-model-1` → run/eu/model-1.pid; what belongs to no region → run/shared/NAME.pid. */
export function pidFile(layout: Pick<Layout, 'dir'>, name: string): string {
  const region = REGIONS.find((each) => name.startsWith(`${each}-`))
  return region === undefined
    ? join(layout.dir, 'run', 'shared', `${name}.pid`)
    : join(layout.dir, 'run', region, `${name.slice(region.length + 1)}.pid`)
}
