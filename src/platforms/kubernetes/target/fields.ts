import { text } from '../../../domain/shape.ts'

/** Fields that name a cluster, wherever an experiment does. */
export const clusterFields = {
  context: text({ doc: 'The context of the kubeconfig. Default: its current one, or the cluster that this runs in.', examples: ['eu'] }),
  kubeconfig: text({
    doc: 'A kubeconfig, relative to this file. Default: $KUBECONFIG, else ~/.kube/config.',
    examples: ['kubeconfig.yaml'],
  }),
}

export const dnsName = (doc: string, examples: readonly string[]) =>
  text({ pattern: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, what: 'a name in the cluster: lower case letters, digits, - and .', doc, examples })
