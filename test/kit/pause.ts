import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './cli.ts'
import type { Service } from './service.ts'

/** An experiment that pauses the service: a state, so that whoever dies leaves something to put back. */
export function pauseExperiment(
  at: Place,
  { pid, port }: Service,
  options: { readonly for?: string; readonly hold?: string } = {},
): string {
  const file = join(at.folder, 'pause.yaml')
  writeFileSync(
    file,
    `firedrill: 1
title: A service hangs
system: hanging
targets:
  service: {process: {pid: ${pid}}}
probes:
  answers: {http: {url: "http://127.0.0.1:${port}/"}, expect: {status: 200, latency: {max: 200ms}}, every: 20ms}
steadyState: {probes: [answers], hold: ${options.hold ?? '300ms'}}
faults:
  - {name: hang, fault: process/pause, target: service, for: ${options.for ?? '1s'}, effect: {probe: answers, becomes: bad, within: 5s}}
objectives:
  rto: {within: 500ms, to: {probe: answers, good: {min: 99%}}, hold: 300ms}
limits: {targets: 1, duration: 1m}
`,
  )
  return file
}
