export interface StarterOptions {
  /** A drill on the embedded sandbox, which plans and runs at once; else a frame for a system of the user's own. */
  readonly sandbox?: boolean
  /** Where the JSON Schema lies, for editors; relative to the file, or a URL. */
  readonly schema?: string
}

/** A commented experiment to begin with: it validates as it is. */
export function starterExperiment({ sandbox = true, schema }: StarterOptions = {}): string {
  const head = schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`
  return `${head}${sandbox ? SANDBOX : OWN}`
}

const SANDBOX = `# Every process of the sandbox's first region is killed; the second one has to take over.
firedrill: 1
title: The first region dies
hypothesis: Clients are served by the second region within ten seconds.

# What is drilled. The sandbox comes up for the drill and goes away with it; its addresses are $SANDBOX_… names.
system: {sandbox: two-region}

# What may be touched, and nothing else.
targets:
  eu: {process: {pidFile: $SANDBOX_EU_PIDS}}

# Who looks, from the client's side.
probes:
  edge:
    http: {url: $SANDBOX_URL/v2/health/ready}
    expect: {status: 200, latency: {max: 500ms}}
    every: 100ms

# Nothing is broken unless this holds first.
steadyState: {probes: [edge], hold: 3s}

# What is broken, and the proof that it is: without an effect the verdict is unknown, never green.
faults:
  - {name: dark, fault: process/kill, target: eu}

# What was promised. A drill ends as held, broken or unknown.
objectives:
  rto: {within: 10s, hold: 3s}

# Else the drill is aborted, and what is broken is put back.
guardrails:
  - {probe: edge, keep: {good: {min: 10%}}, over: 20s}

# The blast radius.
limits: {targets: 4, duration: 3m}
`

const OWN = `# One process of a service is killed; clients should hardly notice.
firedrill: 1
title: One server dies
hypothesis: Clients are served again within ten seconds, and an alert fires within a minute.

# What is drilled: a name, the unit of locking.
system: my-service

# Defaults for $NAME. Other values: firedrill run FILE --set url=https://staging.example.com
vars:
  url: http://127.0.0.1:8080
  port: 8081

# What may be touched, and nothing else.
targets:
  server: {process: {port: $port}}

# Who looks, from the client's side.
probes:
  service:
    http: {url: $url/health}
    expect: {status: 200, latency: {max: 300ms}}
    every: 100ms

# Nothing is broken unless this holds first.
steadyState: {probes: [service], hold: 10s}

# The organisation's own detectors: here firedrill listens for what the alerting posts.
signals:
  alert: {webhook: {port: 9099, path: /alerts}}

# What is broken, and the proof that it is: without an effect the verdict is unknown, never green.
faults:
  - {name: crash, fault: process/kill, target: server}

# What was promised. A drill ends as held, broken or unknown.
objectives:
  detection: {signal: alert, within: 60s}
  rto: {within: 10s, hold: 10s}

# Else the drill is aborted, and what is broken is put back.
guardrails:
  - {probe: service, keep: {good: {min: 20%}}, over: 60s}

# The blast radius.
limits: {targets: 1, duration: 10m}
`
