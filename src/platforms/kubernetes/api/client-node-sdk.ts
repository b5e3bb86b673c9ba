// Of the package only what reads kubeconfigs and makes credentials; the bundle leaves out the rest of it.
export { KubeConfig } from '@kubernetes/client-node'
