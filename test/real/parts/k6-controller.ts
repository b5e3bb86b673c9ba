import { setTimeout as pause } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'

/** How the k6 Operator may behave. */
export interface K6Options {
  /** Its runners wait for ever with this reason, as for an image that is not there. */
  readonly waiting?: { readonly reason: string; readonly message: string }
  /** The script is refused before any runner is made. */
  readonly refuses?: boolean
}

export interface K6Controller extends AsyncDisposable {
  /** The runners of all test runs end with these codes, the first one with the first. undefined: without one, as when evicted. */
  finish(...codes: readonly (number | undefined)[]): void
}

interface TestRun {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly spec: {
    readonly parallelism: number
    readonly runner: { readonly image: string; readonly env: readonly object[] }
    readonly args: readonly string[]
  }
  readonly status?: { readonly stage?: string }
}

const MERGE = 'application/merge-patch+json'

/**
 * Plays the k6 Operator: walks TestRuns through its stages and makes the pods of their runners, labelled as it labels them. They are on no node
 * and their status is written here, for nodes that are played would end the pods of Jobs at once.
 */
class PlayedOperator implements K6Controller {
  readonly #api: ControlPlane['api']
  readonly #options: K6Options
  readonly #loop: Promise<void>
  #codes: readonly (number | undefined)[] | undefined
  #ended = false

  constructor({ api }: ControlPlane, options: K6Options) {
    this.#api = api
    this.#options = options
    this.#loop = this.#run()
  }

  finish(...codes: readonly (number | undefined)[]): void {
    this.#codes = codes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const { status, body } = await this.#api.request('GET', '/apis/k6.io/v1alpha1/testruns').catch(() => ({ status: 0, body: undefined }))
      if (status === 200) for (const run of (body as { items: TestRun[] }).items) await this.#step(run).catch(() => undefined)
      await pause(100)
    }
  }

  async #step(run: TestRun): Promise<void> {
    const { metadata, spec, status } = run
    const names = Array.from({ length: spec.parallelism }, (_, i) => `${metadata.name}-${i + 1}`)
    switch (status?.stage ?? '') {
      case '':
        return this.#stage(run, 'initialization')
      case 'initialization':
        return this.#stage(run, this.#options.refuses ? 'error' : 'initialized')
      case 'initialized':
        for (const name of names) await this.#pod(run, name)
        return this.#stage(run, 'created')
      case 'created':
        for (const name of names) await this.#podStatus(run, name, this.#starting())
        return this.#options.waiting ? undefined : this.#stage(run, 'started')
      case 'started':
        if (!this.#codes) return
        for (const [i, name] of names.entries()) await this.#podStatus(run, name, endOf(this.#codes[i]))
        return this.#stage(run, 'stopped')
      case 'stopped':
        return this.#stage(run, 'finished')
    }
  }

  async #stage({ metadata: { name, namespace } }: TestRun, stage: string): Promise<void> {
    await this.#api.call('PATCH', `/apis/k6.io/v1alpha1/namespaces/${namespace}/testruns/${name}/status`, { status: { stage } }, MERGE)
  }

  async #pod({ metadata, spec }: TestRun, name: string): Promise<void> {
    const owner = { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', name: metadata.name, uid: metadata.uid, controller: true }
    await this.#api.call('POST', `/api/v1/namespaces/${metadata.namespace}/pods`, {
      metadata: {
        name: `${name}-x7k2p`,
        labels: { app: 'k6', k6_cr: metadata.name, runner: 'true', 'job-name': name },
        ownerReferences: [owner],
      },
      spec: {
        schedulerName: 'nobody',
        restartPolicy: 'Never',
        containers: [{ name: 'k6', image: spec.runner.image, command: ['k6', 'run', '--quiet', ...spec.args], env: spec.runner.env }],
      },
    })
  }

  async #podStatus({ metadata: { namespace } }: TestRun, name: string, status: object): Promise<void> {
    await this.#api.call('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}-x7k2p/status`, { status }, MERGE)
  }

  #starting(): object {
    const { waiting } = this.#options
    return waiting
      ? statusOf('Pending', { waiting })
      : statusOf('Running', { running: { startedAt: new Date().toISOString().replace(/\.\d+/, '') } })
  }
}

const statusOf = (phase: string, state: object): object => ({
  phase,
  containerStatuses: [{ name: 'k6', image: 'grafana/k6:1', imageID: '', ready: phase === 'Running', restartCount: 0, state }],
})

const endOf = (exitCode: number | undefined): object =>
  exitCode === undefined
    ? { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory', containerStatuses: [] }
    : statusOf(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated: { exitCode } })

export const startK6Controller = (plane: ControlPlane, options: K6Options = {}): K6Controller => new PlayedOperator(plane, options)
