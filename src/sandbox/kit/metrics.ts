import { plain, type Reply } from './server.ts'

type Labels = Readonly<Record<string, string>>
const series = (name: string, labels: Labels): string => {
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return inner.length === 0 ? name : `${name}{${inner.join(',')}}`
}

export interface Metrics {
  count(name: string, labels?: Labels): void
  set(name: string, value: number, labels?: Labels): void
  /** Prometheus text format. */
  reply(): Reply
}

export function createMetrics(): Metrics {
  const values = new Map<string, number>([['process_start_time_seconds', Date.now() / 1000 - process.uptime()]])
  return {
    count: (name, labels = {}) => {
      const key = series(name, labels)
      values.set(key, (values.get(key) ?? 0) + 1)
    },
    set: (name, value, labels = {}) => values.set(series(name, labels), value),
    reply: () => plain(200, [...values].map(([key, value]) => `${key} ${value}\n`).join('')),
  }
}
