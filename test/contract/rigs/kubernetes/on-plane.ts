import type { Context } from '../../../../src/contracts/context.ts'
import { seconds } from '../../../../src/domain/time.ts'
import { kubernetesPlatform } from '../../../../src/platforms/kubernetes/platform.ts'
import type { Selector } from '../../../../src/platforms/kubernetes/target/select.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import type { ControlPlane } from '../../../real/parts/control-plane.ts'
import { sharedPlane } from '../../../real/parts/shared-plane.ts'
import type { Rig, Scene } from '../../rig.ts'
import { snapshot } from './snapshot.ts'

/** What a scene on a control plane is made of. */
export interface Stage {
  readonly plane: ControlPlane
  /** A namespace of its own. */
  readonly namespace: string
}

export interface OnPlane {
  readonly what: string
  readonly brief?: boolean
  readonly needs?: () => string | undefined
  readonly spec: unknown
  /** Puts up what is broken. */
  readonly set: (stage: Stage) => Promise<void>
  /** Of the first target that it finds the scene is made. */
  readonly select: (stage: Stage) => Partial<Selector>
  /** Looked at through kubectl's own eyes. */
  readonly harmed: (stage: Stage) => Promise<boolean>
  /** Puts away what does not go with the namespace. */
  readonly clear?: (stage: Stage) => Promise<void>
}

let scenes = 0

/** A rig on the control plane that all rigs of a test file share; each scene has a namespace of its own. */
export const onPlane = ({ what, brief, needs, spec, set, select, harmed, clear }: OnPlane): Rig => ({
  what,
  ...(brief !== undefined && { brief }),
  ...(needs && { needs }),
  build: async (): Promise<Scene> => {
    await using stack = new AsyncDisposableStack()
    const plane = await sharedPlane()
    const stage: Stage = { plane, namespace: `scene-${process.pid}-${scenes++}` }
    await plane.namespace(stage.namespace)
    stack.defer(async () => {
      await clear?.(stage)
      await plane.kubectl('delete', 'namespace', stage.namespace, '--wait=false')
    })
    const folder = stack.use(tempFolder())
    const lease = stack.use(testLease(folder.path))
    await set(stage)
    const env = { KUBECONFIG: plane.kubeconfig, PATH: process.env['PATH'] }
    const context = (extra?: Partial<Context>): Context => testContext(lease.file, folder.path, { env, ...extra })
    const defaults = { kind: 'pod', system: false, daemonSets: false } as const
    const found = await kubernetesPlatform.resolve({ ...defaults, namespace: stage.namespace, ...select(stage) }, context())
    const [target] = found.toSorted((a, b) => a.label.localeCompare(b.label))
    if (!target) throw new Error(`the scene "${what}" has no target`)
    const held = stack.move()
    let tokens = 0
    return {
      context,
      input: () => ({ spec, target, token: `t${tokens++}`, longest: seconds(60), random: () => 0.5 }),
      harmed: () => harmed(stage),
      snapshot: () => snapshot(plane, stage.namespace),
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    }
  },
})
