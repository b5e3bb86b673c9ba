import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessIdentity, startOf } from '../../contracts/process.ts'
import { seconds } from '../../domain/time.ts'
import { findBinaries } from '../database/binaries.ts'
import { becomeStandby, becomeSynchronous, copyTemplate } from '../database/cluster.ts'
import { findTemplate } from '../database/template.ts'
import { ENTRIES } from '../entries.ts'
import { handleJson } from '../handle.ts'
import { ask } from '../kit/client.ts'
import type { Handle } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { dataFolder, type Layout, portOf, REGIONS, truthFile } from '../layout.ts'
import type { SandboxOptions } from '../options.ts'
import { type Children, createChildren, type Recipe } from './children.ts'
import type { SupervisorConfig, SupervisorSaid } from './config.ts'
import { createControl } from './control.ts'
import { reserveBlock } from './ports.ts'
import { controllerRecipe, databaseRecipe, nodeRecipes } from './recipes.ts'

export interface Started {
  readonly ready: SupervisorSaid
  readonly server: Server
  readonly handle: Handle
  readonly stop: () => void
  readonly ownerGone: () => void
}

/** Everything of the sandbox, started at once; resolves when clients are served by both regions. */
export async function startSandbox(config: SupervisorConfig): Promise<Started> {
  const guardian = startGuardian(config.dir)
  const { base, server } = await reserveBlock()
  const layout: Layout = { dir: config.dir, truth: config.truth, base }
  makeFolders(layout)
  const truth = truthLog(truthFile(layout, 'supervisor'), 'supervisor')
  const children = createChildren(layout, truth, childEnvironment())
  const nodes = nodeRecipes(layout, config.options)
  const [databases] = await Promise.all([
    startDatabases(layout, config.options, children),
    ...nodes.map((recipe) => children.start(recipe)),
  ])
  await whole(layout)
  const recipes = new Map([...nodes, ...databases].map((recipe) => [recipe.name, recipe]))
  truth('started')
  const control = createControl({ layout, children, recipes, truth, idle: config.options.idle })
  const supervisor: ProcessIdentity = { pid: process.pid, start: startOf(process.pid) ?? '' }
  return { ready: { ready: true, handle: handleJson({ layout, supervisor, guardian }) }, server, ...control }
}

/** Primary and standby from one template, and the controller that watches them. */
async function startDatabases(layout: Layout, options: SandboxOptions, children: Children): Promise<readonly Recipe[]> {
  const binaries = findBinaries()
  const template = await findTemplate(binaries)
  const passwordFile = join(layout.dir, 'superuser')
  copyFileSync(template.passwordFile, passwordFile)
  const controller = controllerRecipe(layout, options, binaries, passwordFile)
  const databases = REGIONS.map((region) => databaseRecipe(layout, region, binaries))
  const makeAndStart = async (): Promise<void> => {
    await Promise.all(REGIONS.map((region) => copyTemplate(template.data, dataFolder(layout, region))))
    if (options.synchronous) becomeSynchronous(dataFolder(layout, 'eu'), binaries.account)
    const upstream = { region: 'us', port: portOf(layout, 'link-replication'), passwordFile } as const
    becomeStandby(dataFolder(layout, 'us'), upstream, binaries.account)
    await Promise.all(databases.map((recipe) => children.start(recipe)))
  }
  await Promise.all([children.start(controller), makeAndStart()])
  return [...databases, controller]
}

/** Detached, so that a signal to the supervisor's whole group leaves it alive. */
function startGuardian(dir: string): ProcessIdentity {
  const guardian = spawn(process.execPath, [ENTRIES.guardian, dir], {
    cwd: '/',
    detached: true,
    env: childEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guardian.unref()
  return { pid: guardian.pid ?? 0, start: startOf(guardian.pid ?? 0) ?? '' }
}

function makeFolders(layout: Layout): void {
  for (const folder of ['run/shared', 'logs', 'data', ...REGIONS.map((region) => `run/${region}`)])
    mkdirSync(join(layout.dir, folder), { recursive: true })
  // Whoever the databases run as must be able to reach their folders, and to see nothing else.
  chmodSync(layout.dir, 0o711)
  mkdirSync(layout.truth, { recursive: true })
}

/** Nothing of the user's own environment reaches the subject. Node's compile cache halves what a process costs to start. */
function childEnvironment(): Readonly<Record<string, string>> {
  const cache = process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache')
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', NODE_COMPILE_CACHE: cache }
}

/** Generous: a machine that does ten other things is no reason not to start. */
const START_LIMIT = 60_000
const LOOK_AGAIN = 25
const LOOK = seconds(1)

/** Both regions serve, the primary takes writes and the standby receives them. */
async function whole(layout: Layout): Promise<void> {
  const until = performance.now() + START_LIMIT
  const look = (of: 'edge' | 'controller', path: string): Promise<string> =>
    ask({ port: portOf(layout, of), path, timeout: LOOK }).then((answer) => answer.body.toString(), String)
  for (;;) {
    const [edge, controller] = await Promise.all([look('edge', '/edge/state'), look('controller', '/state')])
    if (edge.split('"up":true').length > REGIONS.length && controller.includes('"streaming":["us"]')) return
    if (performance.now() > until) throw new Error(`the sandbox is not whole after ${START_LIMIT / 1000} s: ${edge} ${controller}`)
    await sleep(LOOK_AGAIN)
  }
}
