import { createHash } from 'node:crypto'
import type { Context } from '../../../contracts/context.ts'
import type { Fault, FaultInput, Mutation } from '../../../contracts/fault.ts'
import type { Json } from '../../../domain/json.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import type { Cluster } from '../api/cluster.ts'
import type { K8sObject } from '../api/objects.ts'
import type { Hidden } from './patch.ts'

/** Labels: what a sweep of a whole cluster asks for. */
export const RUN_LABEL = 'firedrill/run'
/** Seconds since the Unix epoch on the cluster's own clock. */
export const EXPIRES_LABEL = 'firedrill/expires'
/** Annotations: the undo record as it stands in the journal, and prior values that must not stand anywhere else. */
export const UNDO_ANNOTATION = 'firedrill/undo'
export const PRIOR_ANNOTATION = 'firedrill/prior'

/** What a faulted object carries: whose fault it is, until when, and how it is undone, so that a kubeconfig is enough to put it back. */
export interface Mark {
  readonly labels: Readonly<Record<typeof RUN_LABEL | typeof EXPIRES_LABEL, string>>
  readonly annotations: Readonly<Record<string, string>>
}

type AboutFault = Pick<Fault, 'name' | 'undoVersion'>

/** The mark of one injection. `hidden`: prior values that stand on the object alone. */
export async function markOf<Spec>(
  fault: AboutFault,
  input: FaultInput<Spec>,
  mutation: Pick<Mutation<Json>, 'undo' | 'command'>,
  cluster: Cluster,
  context: Context,
  hidden?: Hidden,
): Promise<Mark> {
  const { hi } = await cluster.offset(context)
  const expires = Math.ceil(context.clock.wall() + hi + input.longest)
  const record = recordOf(fault, input, mutation, context.run, expires)
  return {
    labels: { [RUN_LABEL]: context.run, [EXPIRES_LABEL]: String(expires) },
    annotations: {
      [UNDO_ANNOTATION]: JSON.stringify(record),
      ...(hidden && Object.keys(hidden.values).length > 0 && { [PRIOR_ANNOTATION]: JSON.stringify(hidden) }),
    },
  }
}

/** The record that the engine wrote before this injection, made again: the token is its place in the drill. */
function recordOf<Spec>(
  fault: AboutFault,
  { token, target }: FaultInput<Spec>,
  { undo, command }: Pick<Mutation<Json>, 'undo' | 'command'>,
  run: string,
  due: number,
): UndoRecord {
  const id = token.startsWith(`${run}/`) ? token.slice(run.length + 1) : token
  const name = id.split('#')[0] ?? id
  return {
    id,
    run,
    fault: name,
    kind: fault.name,
    version: fault.undoVersion,
    target: target?.label ?? name,
    data: undo,
    command,
    expires: null,
    due,
  }
}

/** The run that an object is marked by; undefined: it is not. */
export const markedBy = ({ metadata }: K8sObject): string | undefined => metadata.labels?.[RUN_LABEL]

/** A name for what a run creates: the same for the same step, so that a second try finds the first. */
export function createdName(run: string, token: string): string {
  const step = createHash('sha256').update(token).digest('hex').slice(0, 8)
  return `firedrill-${run.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}-${step}`.slice(0, 63)
}
