import type { ClusterRef } from '../api/cluster.ts'

/** For a shell: quoted where it must be. */
export const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** What a person would type, on this cluster and in this namespace. */
export function kubectl(
  { context, kubeconfig }: Pick<ClusterRef, 'context' | 'kubeconfig'>,
  namespace: string | null,
  ...args: readonly string[]
): string {
  const where = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === 'inClusterContext' ? [] : ['--context', context]),
    ...(namespace === null ? [] : ['-n', namespace]),
  ]
  return ['kubectl', ...where, ...args].map(quote).join(' ')
}
