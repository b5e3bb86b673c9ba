import type { PlanWarning } from '../../../domain/plan.ts'
import { at, type K8sObject } from '../api/objects.ts'
import { labelOf, type ObjectRef } from '../target/target.ts'

/** A tool that writes objects by itself, and what would become of a fault meanwhile. */
interface Reconciler {
  readonly name: string
  readonly managers: RegExp
  /** Labels and annotations that it puts on what it manages. */
  readonly tracks: readonly string[]
  readonly does: string
  readonly instead: string
}

const REVERTS = 'writes it again when it next compares, which lifts the fault (it then counts as drifted)'

const RECONCILERS: readonly Reconciler[] = [
  {
    name: 'Argo CD',
    managers: /^argocd/,
    tracks: ['argocd.argoproj.io/tracking-id', 'argocd.argoproj.io/instance', 'app.kubernetes.io/managed-by-argocd'],
    does: REVERTS,
    instead: 'argocd app set APP --sync-policy none',
  },
  {
    name: 'Flux (kustomize-controller)',
    managers: /^(kustomize-controller|flux)/,
    tracks: ['kustomize.toolkit.fluxcd.io/name'],
    does: REVERTS,
    instead: 'flux suspend kustomization NAME',
  },
  {
    name: 'Flux (helm-controller)',
    managers: /^helm-controller/,
    tracks: ['helm.toolkit.fluxcd.io/name'],
    does: 'writes it again with an upgrade or where drift is corrected, which lifts the fault (it then counts as drifted)',
    instead: 'flux suspend helmrelease NAME',
  },
  {
    name: 'Helm',
    managers: /^(helm|Helm)$/,
    tracks: ['meta.helm.sh/release-name'],
    does: 'does nothing by itself, but an upgrade in mid-drill would lift the fault (it then counts as drifted)',
    instead: 'hold back upgrades of the release',
  },
  {
    name: 'the add-on manager of the cluster',
    managers: /^(eks|addon-manager|aks-)/,
    tracks: ['addonmanager.kubernetes.io/mode'],
    does: REVERTS,
    instead: 'see how your provider lets this add-on be customized',
  },
]

/** Tools that keep these fields as they are written down elsewhere. Paths: JSON pointers that the fault changes. */
export function reconcilersOf(ref: ObjectRef, object: K8sObject, paths: readonly string[]): readonly PlanWarning[] {
  return RECONCILERS.flatMap((tool): PlanWarning[] => {
    const owned = paths.filter((path) => managersOf(object, path).some((manager) => tool.managers.test(manager)))
    if (owned.length > 0)
      return [warning(`${tool.name} owns ${owned.join(', ')} of ${labelOf(ref)} and ${tool.does}: ${tool.instead} for the drill.`)]
    const manages = managersOf(object).some((manager) => tool.managers.test(manager)) || isTracked(object, tool)
    // Who owns each field is on record where the server tracks it: a tool that owns others of them leaves this one alone.
    if (!manages || isOnRecord(object, tool)) return []
    return [
      warning(`${labelOf(ref)} is tracked by ${tool.name}, which may own ${paths.join(', ')}; then it ${tool.does}: ${tool.instead}.`),
    ]
  })
}

const warning = (text: string): PlanWarning => ({ code: 'RECONCILER', text })

const isTracked = ({ metadata: { labels = {}, annotations = {} } }: K8sObject, { tracks }: Reconciler): boolean =>
  tracks.some((key) => key in labels || key in annotations)

const isOnRecord = (object: K8sObject, { managers }: Reconciler): boolean => managersOf(object).some((manager) => managers.test(manager))

type Fields = { readonly [key: string]: Fields }

/** Who owns the field (or something in it); without a path, who owns anything of the object. */
function managersOf(object: K8sObject, path?: string): readonly string[] {
  const entries = (object.metadata.managedFields ?? []) as readonly {
    readonly manager?: string
    readonly subresource?: string
    readonly fieldsV1?: Fields
  }[]
  return entries
    .filter(({ subresource, fieldsV1 }) => (subresource ?? '') === '' && (path === undefined || owns(fieldsV1 ?? {}, object, path)))
    .flatMap(({ manager }) => (manager === undefined ? [] : [manager]))
}

/** Walks down a set of fields as the server writes it: `f:` a field, `k:` an element of a list by its keys. */
function owns(fields: Fields, object: K8sObject, path: string): boolean {
  let here: Fields | undefined = fields
  let value: unknown = object
  for (const token of path.split('/').slice(1)) {
    const key: string = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const inside: unknown = at(value, `/${token}`)
    // An empty set is a field that is owned whole, with everything in it.
    if (Object.keys(here).length === 0) return true
    here = Array.isArray(value) ? elementOf(here, inside) : here[`f:${key}`]
    if (here === undefined) return false
    value = inside
  }
  return true
}

function elementOf(fields: Fields, element: unknown): Fields | undefined {
  for (const [key, of] of Object.entries(fields)) {
    if (!key.startsWith('k:')) continue
    const wanted = JSON.parse(key.slice(2)) as Readonly<Record<string, unknown>>
    if (Object.entries(wanted).every(([name, value]) => at(element, `/${name}`) === value)) return of
  }
  return undefined
}
