import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../../domain/time.ts'
import { ask } from '../kit/client.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { json, notFound, serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { FEATURES } from '../model/data.ts'
import { MODEL } from '../model/versions.ts'
import type { SandboxOptions } from '../options.ts'
import { type Look, QUIET, RULES, type Rule, type RuleState, step } from './rules.ts'
import { deliver, type Notice } from './webhook.ts'

export interface AlerterConfig {
  readonly port: number
  readonly truth: string
  readonly edge: number
  readonly controller: number
  /** Whoever wants to know listens here, at /alerts. */
  readonly receiver: number
  readonly alert: SandboxOptions['alert']
}

const LOOK_TIMEOUT = seconds(1)
const SAMPLE = JSON.stringify({
  inputs: [{ name: 'features', datatype: 'FP32', shape: [1, FEATURES.length], data: FEATURES.map(() => 0) }],
})

/** The organisation's own detector: looks at the service from outside, and tells a webhook when a rule has been broken for long enough. */
async function startAlerter(config: AlerterConfig): Promise<void> {
  const truth = truthLog(config.truth, 'alerter')
  const metrics = createMetrics()
  const states = new Map<Rule, RuleState>(RULES.map((rule) => [rule, QUIET]))
  const began = new Map<Rule, string>()
  // The newest notice of each rule: what nobody took is offered again, as Alertmanager does.
  const waiting = new Map<Rule, Notice>()

  const judge = (rule: Rule, look: Look): void => {
    const before = states.get(rule) ?? QUIET
    const now = step(before, rule.broken(look), performance.now() / 1000, config.alert.for)
    states.set(rule, now)
    if (now.firing === before.firing) return
    const at = new Date().toISOString()
    if (now.firing) began.set(rule, at)
    const status = now.firing ? 'firing' : 'resolved'
    truth(status, { alertname: rule.alertname, ...rule.labels })
    metrics.set('ALERTS', now.firing ? 1 : 0, { alertname: rule.alertname, ...rule.labels })
    waiting.set(rule, { rule, status, startsAt: began.get(rule) ?? at, endsAt: now.firing ? '0001-01-01T00:00:00Z' : at })
  }
  const tell = async (rule: Rule, notice: Notice): Promise<void> => {
    if ((await deliver(config.receiver, notice)) && waiting.get(rule) === notice) waiting.delete(rule)
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      const started = performance.now()
      const look = await lookAround(config)
      for (const rule of RULES) judge(rule, look)
      await Promise.all([...waiting].map(([rule, notice]) => tell(rule, notice)))
      await sleep(Math.max(1, config.alert.every * 1000 - (performance.now() - started)))
    }
  }
  await serve(config.port, (asked) => {
    if (asked.path === '/metrics') return metrics.reply()
    if (asked.path !== '/api/v2/alerts') return notFound(asked)
    const firing = RULES.filter((rule) => states.get(rule)?.firing === true)
    return json(
      200,
      firing.map((rule) => ({
        labels: { alertname: rule.alertname, ...rule.labels },
        annotations: { summary: rule.summary },
        startsAt: began.get(rule) ?? null,
        status: { state: 'active' },
      })),
    )
  })
  truth('started')
  void watch()
}

async function lookAround(config: AlerterConfig): Promise<Look> {
  const text = (port: number): Promise<string | null> =>
    ask({ port, path: '/metrics', timeout: LOOK_TIMEOUT }).then(
      (answer) => answer.body.toString(),
      () => null,
    )
  const infer = { port: config.edge, path: `/v2/models/${MODEL}/infer`, method: 'POST', body: SAMPLE, timeout: LOOK_TIMEOUT }
  const scoring = ask(infer).then(
    (answer) => answer.status === 200,
    () => false,
  )
  const [answered, edge, controller] = await Promise.all([scoring, text(config.edge), text(config.controller)])
  return { scoring: answered, edge, controller }
}

role(startAlerter)
