import { expect, test } from 'vitest'
import { seconds } from '../../domain/time.ts'
import { type Look, QUIET, RULES, type RuleState, step } from './rules.ts'
import { payload } from './webhook.ts'

const fold = (looks: readonly (readonly [number, boolean | undefined])[]): readonly boolean[] => {
  let state: RuleState = QUIET
  return looks.map(([now, broken]) => {
    state = step(state, broken, now, seconds(1))
    return state.firing
  })
}

test('an alert fires when its rule was broken all along for as long as `for` says', () => {
  expect(
    fold([
      [0, true],
      [0.5, true],
      [0.9, false],
      [1, true],
      [1.9, true],
      [2, true],
      [9, true],
      [9.1, false],
    ]),
  ).toEqual([false, false, false, false, false, true, true, false])
})

test('a look that cannot tell changes nothing', () => {
  expect(
    fold([
      [0, true],
      [1, true],
      [2, undefined],
      [3, false],
      [4, undefined],
    ]),
  ).toEqual([false, true, true, false, false])
})

test('rules read what the edge and the controller say of themselves', () => {
  const look: Look = {
    scoring: false,
    edge: 'edge_region_up{region="eu"} 0\nedge_region_up{region="us"} 1\n',
    controller: 'controller_primary_up 1\ncontroller_standbys_streaming 0\n',
  }
  const broken = RULES.filter((rule) => rule.broken(look)).map(({ alertname, labels }) => `${alertname} ${labels['region'] ?? ''}`.trim())
  expect(broken).toEqual(['ScoringDown', 'RegionDown eu', 'StandbyLost'])
  expect(RULES.filter((rule) => rule.broken({ scoring: true, edge: null, controller: null }))).toEqual([])
})

test('a notice is shaped as Alertmanager’s webhook', () => {
  const [rule] = RULES
  if (rule === undefined) throw new Error('no rule')
  const posted = payload({ rule, status: 'firing', startsAt: '2026-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00Z' })
  expect(posted).toMatchObject({ version: '4', status: 'firing', alerts: [{ status: 'firing', labels: { alertname: 'ScoringDown' } }] })
})
