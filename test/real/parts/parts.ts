import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where the parts of the real tests are: a folder for each part and version, and `bin/` with a link to every program. */
export const partsFolder = process.env['FIREDRILL_PARTS'] ?? join(homedir(), '.cache', 'firedrill-parts')

/** Programs that are built from one Go module. */
export interface GoPart {
  readonly name: string
  /** Names the folder: another version is built anew, the same one is there at once. */
  readonly version: string
  readonly module: string
  readonly moduleVersion: string
  /** Program to package. */
  readonly programs: Readonly<Record<string, string>>
  /** `replace` lines: module to version, for modules that are only published with the version v0.0.0 in between. */
  readonly replace?: Readonly<Record<string, string>>
  /** Linker variables. */
  readonly set?: Readonly<Record<string, string>>
  /** Programs that `KUBEBUILDER_ASSETS` may have, and what their `--version` must contain to be taken from there. */
  readonly assets?: Readonly<Record<string, string>>
  /** About what a build takes on two cores with nothing in Go's cache. */
  readonly seconds: number
}

/** Modules that are developed inside k8s.io/kubernetes, which requires them as v0.0.0. */
const STAGING = `
  api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator component-base
  component-helpers controller-manager cri-api cri-client cri-streaming csi-translation-lib dynamic-resource-allocation endpointslice
  externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils
  pod-security-admission sample-apiserver sample-cli-plugin sample-controller streaming`
  .trim()
  .split(/\s+/)

const MINOR = '36'

const kubernetes: GoPart = {
  name: 'kubernetes',
  version: `1.${MINOR}.0`,
  module: 'k8s.io/kubernetes',
  moduleVersion: `v1.${MINOR}.0`,
  programs: Object.fromEntries(
    ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'].map((name) => [name, `k8s.io/kubernetes/cmd/${name}`]),
  ),
  replace: Object.fromEntries(STAGING.map((name) => [`k8s.io/${name}`, `v0.${MINOR}.0`])),
  set: {
    'k8s.io/component-base/version.gitVersion': `v1.${MINOR}.0`,
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': MINOR,
  },
  // A controller manager must not be newer than its API server, so that of another minor version is of no use.
  assets: { 'kube-apiserver': `v1.${MINOR}.`, kubectl: `v1.${MINOR}.` },
  seconds: 360,
}

const one = (name: string, version: string, module: string, path: string, seconds: number): GoPart => ({
  name,
  version,
  module,
  moduleVersion: `v${version}`,
  programs: { [name]: path },
  seconds,
})

export const GO_PARTS: readonly GoPart[] = [
  kubernetes,
  { ...one('etcd', '3.6.14', 'go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/server/v3', 45), assets: { etcd: 'etcd Version: 3.' } },
  one('kwok', '0.8.0', 'sigs.k8s.io/kwok', 'sigs.k8s.io/kwok/cmd/kwok', 170),
  one('coredns', '1.12.4', 'github.com/coredns/coredns', 'github.com/coredns/coredns', 200),
  one('k6-v1', '1.8.1', 'go.k6.io/k6', 'go.k6.io/k6', 140),
  one('k6-v2', '2.2.0', 'go.k6.io/k6/v2', 'go.k6.io/k6/v2', 155),
]

export const folderOf = (part: GoPart): string => join(partsFolder, `${part.name}-${part.version}`)

/** Where a program is, or would be: of the version that the tests are written for. */
export function program(name: string): string {
  const part = GO_PARTS.find(({ programs }) => name in programs)
  if (!part) throw new Error(`no part has a program ${name}`)
  return join(folderOf(part), name)
}

export const isComplete = (part: GoPart): boolean => Object.keys(part.programs).every((name) => existsSync(join(folderOf(part), name)))
