import { expect, test } from 'vitest'
import { readExperiment } from '../../src/experiment/read.ts'
import { registry } from '../../src/registry/index.ts'

const base = (extra: string): string => `firedrill: 1
title: T
system: s
objectives: {rto: 30s}
faults: [{name: f, fault: process/exec, inject: [a], undo: [b], for: 5s}]
${extra}`
const edge = 'probes: {edge: {http: {url: http://127.0.0.1:1}}}'
const signal = (of: string): string => base(`${edge}\nsignals: {s: {kubernetes: ${of}}}`)
const probe = (of: string): string => base(`probes: {edge: {http: {url: http://127.0.0.1:1}}, k: ${of}}`)

const read = (text: string) => readExperiment(text, { file: 'x.yaml', registry, lookup: {}, mode: 'validate' })
const errors = (text: string) =>
  read(text).diagnostics.flatMap(({ severity, code, message }) => (severity === 'error' ? [`${code}: ${message}`] : []))

test.each([
  '{endpoints: {service: cart}, namespace: shop}',
  '{endpoints: {service: cart, ready: {min: 2}}, namespace: shop, context: eu}',
  '{workload: {kind: statefulset, name: db, ready: {min: 80%}}, namespace: shop, kubeconfig: k.yaml}',
  '{workload: {kind: daemonset, name: agent, ready: {min: 3}}, namespace: shop}',
  '{node: {name: worker-1}}',
  '{node: {selector: "pool=gpu", condition: MemoryPressure, is: "False"}}',
  '{nodeLease: {name: worker-1, older: 10s}}',
  '{event: {reason: FailedScheduling}}',
  '{event: {reason: BackOff, kind: Pod, type: Warning}, namespace: shop}',
  '{restarts: {selector: "app=cart", more: 2}, namespace: shop}',
  '{hpa: {name: cart, is: limited}, namespace: shop}',
])('a signal: %s', (of) => {
  expect(errors(signal(of))).toEqual([])
})

test('what is left out is filled in', () => {
  const result = read(signal('{workload: {kind: deployment, name: cart}, namespace: shop}'))
  expect(result.experiment?.signals['s']).toMatchObject({
    kind: 'kubernetes',
    stage: 'D1',
    spec: { kind: 'workload', spec: { kind: 'deployment', name: 'cart', ready: { min: '100%' } }, namespace: 'shop' },
  })
})

test.each([
  ['{endpoints: {service: cart}, node: {name: a}, namespace: shop}', /KIND_TWICE: .*two kinds, endpoints and node/],
  ['{namespace: shop}', /KIND_MISSING: .*endpoints, workload/],
  ['{endpoint: {service: cart}, namespace: shop}', /KIND_UNKNOWN: endpoint is not a kind of kubernetes signal/],
  ['{endpoints: {service: cart}}', /FIELD_MISSING: .*has no namespace/],
  ['{endpoints: {service: cart, redy: {min: 1}}, namespace: shop}', /UNKNOWN_KEY: redy is not a key of/],
  ['{endpoints: {service: cart, ready: 2}, namespace: shop}', /WRONG_KIND: .*ready/],
  ['{node: {name: a, selector: b=c}}', /KIND_TWICE: .*name and selector/],
  ['{node: {condition: Ready}}', /KIND_MISSING: .*name or selector/],
  ['{node: {name: a}, namespace: shop}', /UNKNOWN_KEY: namespace is not a key/],
  ['{workload: {kind: pod, name: a}, namespace: shop}', /deployment, statefulset or daemonset/],
  ['{hpa: {name: a, is: bad}, namespace: shop}', /limited, scaling or unable/],
])('a signal that is wrong says what: %s', (of, said) => {
  expect(errors(signal(of)).join('\n')).toMatch(said)
})

test('probes, right and wrong', () => {
  expect(errors(probe('{kubernetes: {api: {}}, role: control}'))).toEqual([])
  expect(
    errors(probe('{kubernetes: {endpoints: {service: cart}, namespace: shop}, expect: {ready: {min: 2}, latency: {max: 1s}}}')),
  ).toEqual([])
  expect(errors(probe('{kubernetes: {workload: {kind: deployment, name: a}}}')).join()).toContain('has no namespace')
  expect(errors(probe('{kubernetes: {api: {}, node: {name: a}}}')).join()).toContain('two kinds, api and node')
  expect(errors(probe('{kubernetes: {node: {name: a}}, expect: {status: 200}}')).join()).toContain('status is not a key')
})

test.each([
  ['kubernetes/node-drain', '', 75],
  ['kubernetes/node-drain', ', wait: 2m', 135],
  ['kubernetes/pod-evict', ', wait: 30s', 45],
  ['kubernetes/image-break', '', 60],
  ['kubernetes/node-taint', '', 30],
  ['kubernetes/node-taint', ', taint: NoSchedule', 0],
])('%s%s may take %d s to bite', (fault, more, within) => {
  const kind = { 'kubernetes/image-break': 'deployment', 'kubernetes/pod-evict': 'pod' }[fault] ?? 'node'
  const text = base(edge).replace(
    /faults: .*/,
    `targets: {t: {kubernetes: {kind: ${kind}, name: it, namespace: shop}}}
faults: [{name: f, fault: ${fault}, target: t${more}}]`,
  )
  const { experiment } = read(text)
  expect(registry.faults.get(fault)?.bitesWithin?.(experiment?.faults[0]?.spec ?? {})).toBe(within)
})
