import { join } from 'node:path'
import type { AlerterConfig } from '../alerter/alerter-main.ts'
import type { Cluster } from '../controller/cluster-manager.ts'
import type { ControllerConfig } from '../controller/controller-main.ts'
import type { Binaries } from '../database/binaries.ts'
import type { EdgeConfig } from '../edge/edge-main.ts'
import { ENTRIES } from '../entries.ts'
import {
  controlSocket,
  dataFolder,
  HOST,
  type Layout,
  type LinkName,
  type PortName,
  portOf,
  REGIONS,
  type Region,
  truthFile,
} from '../layout.ts'
import type { SandboxOptions } from '../options.ts'
import type { GatewayConfig } from '../region/gateway-main.ts'
import type { ModelConfig } from '../region/model-main.ts'
import type { RegistryConfig } from '../registry/registry-main.ts'
import type { Recipe } from './children.ts'

const MODELS = ['model-1', 'model-2'] as const

/** Spawned directly: whoever kills or pauses the pid in its pid file hits the database itself. */
export function databaseRecipe(layout: Layout, region: Region, { home, account }: Binaries): Recipe {
  const data = dataFolder(layout, region)
  return {
    name: `${region}-db`,
    command: join(home, 'bin', 'postgres'),
    args: ['-D', data, '-p', String(portOf(layout, `${region}-db`))],
    cwd: data,
    saysReady: false,
    ...(account === undefined ? {} : { user: account }),
  }
}

/** Starts when the databases are there to be watched. */
export function controllerRecipe(layout: Layout, options: SandboxOptions, binaries: Binaries, passwordFile: string): Recipe {
  const cluster: Cluster = {
    ports: { eu: portOf(layout, 'eu-db'), us: portOf(layout, 'us-db') },
    data: { eu: dataFolder(layout, 'eu'), us: dataFolder(layout, 'us') },
    replicationLink: portOf(layout, 'link-replication'),
    supervisor: portOf(layout, 'supervisor'),
    passwordFile,
    account: binaries.account,
    synchronous: options.synchronous,
  }
  return nodeRecipe<ControllerConfig>(layout, 'controller', ENTRIES.controller, {
    port: portOf(layout, 'controller'),
    write: portOf(layout, 'write'),
    truth: truthFile(layout, 'controller'),
    cadence: options.database,
    cluster,
  })
}

const nodeRecipe = <Config>(layout: Layout, name: string, entry: string, config: Config): Recipe => ({
  name,
  command: process.execPath,
  args: [entry, JSON.stringify(config)],
  cwd: layout.dir,
  saysReady: true,
})

/** Every Node process of the sandbox. All addresses are known beforehand, so their order does not matter. */
export function nodeRecipes(layout: Layout, options: SandboxOptions): readonly Recipe[] {
  const port = (name: PortName): number => portOf(layout, name)
  const common = (name: PortName): { name: PortName; port: number; truth: string } => ({
    name,
    port: port(name),
    truth: truthFile(layout, name),
  })
  const recipe = <Config>(name: string, entry: string, config: Config): Recipe => nodeRecipe(layout, name, entry, config)
  const link = (name: LinkName, to: PortName): Recipe =>
    recipe(`link-${name}`, ENTRIES.link, {
      name,
      listen: { host: HOST, port: port(`link-${name}`) },
      to: { host: HOST, port: port(to) },
      control: controlSocket(layout, name),
      log: truthFile(layout, `link-${name}`),
      dieWithStdin: true,
    })
  const region = (name: Region): readonly Recipe[] => [
    recipe<GatewayConfig>(`${name}-gateway`, ENTRIES.gateway, {
      ...common(`${name}-gateway`),
      region: name,
      models: MODELS.map((model) => port(`${name}-${model}`)),
    }),
    ...MODELS.map((model) =>
      recipe<ModelConfig>(`${name}-${model}`, ENTRIES.model, { ...common(`${name}-${model}`), registry: port('registry') }),
    ),
  ]
  return [
    recipe<RegistryConfig>('registry', ENTRIES.registry, {
      ...common('registry'),
      servers: Object.fromEntries(
        REGIONS.flatMap((name) => MODELS.map((model) => [`${name}-${model}`, port(`${name}-${model}`)] as const)),
      ),
    }),
    ...REGIONS.flatMap(region),
    link('edge-eu', 'eu-gateway'),
    link('edge-us', 'us-gateway'),
    link('replication', 'eu-db'),
    recipe<EdgeConfig>('edge', ENTRIES.edge, {
      ...common('edge'),
      regions: { eu: port('link-edge-eu'), us: port('link-edge-us') },
      health: options.health,
      edge: options.edge,
    }),
    recipe<AlerterConfig>('alerter', ENTRIES.alerter, {
      ...common('alerter'),
      edge: port('edge'),
      controller: port('controller'),
      receiver: port('alerts'),
      alert: options.alert,
    }),
  ]
}
