import { join } from 'node:path'
import { program } from './parts.ts'

/** In the order of their start; they end in the reverse order, the API server before its store. */
export const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const
export type Component = (typeof COMPONENTS)[number]

/** Every program that a control plane needs, kubectl included. */
export const PROGRAMS = [...COMPONENTS, 'kubectl'] as const

/** Nodes with this label are played by nobody. */
export const LOST = 'drill.test/lost'

export interface Timing {
  /** Seconds without a lease until a node is NotReady. */
  readonly grace: number
  /** Seconds between two looks of the node-lifecycle controller. */
  readonly period: number
  /** Seconds that pods tolerate a node that is not ready or not reachable, where they do not say it themselves (300 in real life). */
  readonly evictAfter: number
}

export interface Ports {
  readonly api: number
  readonly etcd: number
  readonly peer: number
  readonly kwok: number
}

const local = (port: number): string => `http://127.0.0.1:${port}`

const etcd = (folder: string, { etcd: client, peer }: Ports): readonly string[] => [
  `--data-dir=${join(folder, 'etcd')}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
  `--listen-client-urls=${local(client)}`,
  `--advertise-client-urls=${local(client)}`,
  `--listen-peer-urls=${local(peer)}`,
  `--initial-advertise-peer-urls=${local(peer)}`,
  `--initial-cluster=default=${local(peer)}`,
]

/** It makes its own serving certificate in `certs/`, the bundle of which is the authority that clients trust. */
const apiServer = (folder: string, ports: Ports, { evictAfter }: Timing): readonly string[] => [
  `--etcd-servers=${local(ports.etcd)}`,
  `--secure-port=${ports.api}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  // The endpoints of its own Service cannot be a loopback address.
  '--endpoint-reconciler-type=none',
  `--cert-dir=${join(folder, 'certs')}`,
  `--token-auth-file=${join(folder, 'tokens.csv')}`,
  '--authorization-mode=RBAC',
  '--allow-privileged=true',
  '--service-cluster-ip-range=10.96.0.0/16',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${join(folder, 'accounts.pub')}`,
  `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
  `--default-not-ready-toleration-seconds=${evictAfter}`,
  `--default-unreachable-toleration-seconds=${evictAfter}`,
]

const FAST = ['--leader-elect=false', '--kube-api-qps=500', '--kube-api-burst=1000', '--secure-port=0'] as const

const controllerManager = (folder: string, kubeconfig: string, { grace, period }: Timing): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  ...FAST,
  '--use-service-account-credentials',
  `--service-account-private-key-file=${join(folder, 'accounts.key')}`,
  `--root-ca-file=${join(folder, 'certs', 'apiserver.crt')}`,
  `--node-monitor-grace-period=${grace}s`,
  `--node-monitor-period=${period}s`,
  '--concurrent-gc-syncs=20',
  '--horizontal-pod-autoscaler-sync-period=1s',
  '--horizontal-pod-autoscaler-initial-readiness-delay=1s',
  '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
  '--horizontal-pod-autoscaler-downscale-stabilization=5s',
]

const kwok = (kubeconfig: string, ports: Ports, { grace }: Timing): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--config=${join(import.meta.dirname, 'kwok-stages.yaml')}`,
  `--manage-nodes-with-label-selector=${LOST}!=true`,
  '--cidr=10.244.0.0/16',
  // It renews after a quarter of this: five renewals in a grace period, as in real life.
  `--node-lease-duration-seconds=${Math.max(4, Math.round(grace * 0.8))}`,
  `--server-address=127.0.0.1:${ports.kwok}`,
]

export function commandOf(
  component: Component,
  folder: string,
  kubeconfig: string,
  ports: Ports,
  timing: Timing,
): readonly [command: string, args: readonly string[]] {
  const command = program(component)
  switch (component) {
    case 'etcd':
      return [command, etcd(folder, ports)]
    case 'kube-apiserver':
      return [command, apiServer(folder, ports, timing)]
    case 'kube-controller-manager':
      return [command, controllerManager(folder, kubeconfig, timing)]
    case 'kube-scheduler':
      return [command, [`--kubeconfig=${kubeconfig}`, ...FAST]]
    case 'kwok':
      return [command, kwok(kubeconfig, ports, timing)]
  }
}
