import { expect, test } from 'vitest'
import { alertState } from './alert-payload.ts'
import { parseMetrics } from './prometheus-text.ts'

test.each([
  ['Alertmanager, firing', { status: 'firing', alerts: [{ status: 'firing', labels: { alertname: 'A' } }] }, 'firing'],
  [
    'Alertmanager, one of two over',
    {
      status: 'firing',
      alerts: [
        { status: 'resolved', labels: { alertname: 'A' } },
        { status: 'firing', labels: { alertname: 'B' } },
      ],
    },
    'quiet',
  ],
  ['Alertmanager, another alert', { status: 'firing', alerts: [{ status: 'firing', labels: { alertname: 'B' } }] }, undefined],
  ['PagerDuty v3', { event: { event_type: 'incident.triggered', data: { alertname: 'A' } } }, 'firing'],
  ['PagerDuty v3, over', { event: { event_type: 'incident.resolved', data: { alertname: 'A' } } }, 'quiet'],
  ['top level', { alertname: 'A', state: 'OK' }, 'quiet'],
  ['top level, no state', { alertname: 'A' }, 'firing'],
  ['a list', [{ alertname: 'B' }, { alertname: 'A', status: 'resolved' }], 'quiet'],
  ['a number', 7, undefined],
] as const)('%s', (_, body, state) => {
  expect(alertState(body, { alertname: 'A' })).toBe(state)
})

test('an empty match means every alert', () => {
  expect(alertState({ status: 'resolved' }, {})).toBe('quiet')
})

test('the text format with its corners', () => {
  const text = `# HELP up with "quotes"
up 1
up{job="a b",path="C:\\\\x\\"}{\\n"} 0 1395066363000
weird{} +Inf
hist_bucket{le="0.5"} 3e2 # {trace="1"} 0.4
not a series
`
  expect(parseMetrics(text)).toEqual([
    { name: 'up', labels: {}, value: 1 },
    { name: 'up', labels: { job: 'a b', path: 'C:\\x"}{\n' }, value: 0 },
    { name: 'weird', labels: {}, value: Number.POSITIVE_INFINITY },
    { name: 'hist_bucket', labels: { le: '0.5' }, value: 300 },
  ])
})
