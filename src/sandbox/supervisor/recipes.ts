import type { EdgeConfig } from '../edge/edge-main.ts'
import { ENTRIES } from '../entries.ts'
import { controlSocket, HOST, type Layout, type LinkName, type PortName, portOf, REGIONS, type Region, truthFile } from '../layout.ts'
import type { SandboxOptions } from '../options.ts'
import type { GatewayConfig } from '../region/gateway-main.ts'
import type { ModelConfig } from '../region/model-main.ts'
import type { RegistryConfig } from '../registry/registry-main.ts'
import type { Recipe } from './children.ts'

const MODELS = ['model-1', 'model-2'] as const

/** Every Node process of the sandbox. All addresses are known beforehand, so their order does not matter. */
export function nodeRecipes(layout: Layout, options: SandboxOptions): readonly Recipe[] {
  const port = (name: PortName): number => portOf(layout, name)
  const common = (name: PortName): { name: PortName; port: number; truth: string } => ({
    name,
    port: port(name),
    truth: truthFile(layout, name),
  })
  const recipe = <Config>(name: string, entry: string, config: Config): Recipe => ({
    name,
    command: process.execPath,
    args: [entry, JSON.stringify(config)],
    cwd: layout.dir,
    saysReady: true,
  })
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
  ]
}
