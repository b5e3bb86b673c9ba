import { expect, test } from 'vitest'
import { seconds } from '../../src/domain/time.ts'
import * as loads from '../../src/registry/loads.ts'
import { k6Binaries } from '../kit/k6.ts'
import { httpRig, k6Rig, loadContext, loadSuite } from '../kit/load-suite.ts'

const k6 = k6Binaries.filter((binary) => binary.present).slice(-1)
const rigs = [httpRig, ...k6.map(k6Rig)]
/** Held to its own contract where there is a cluster, in test/real/kubernetes. */
const IN_A_CLUSTER = 'k6-operator'

test('every kind of load has a rig', () => {
  if (k6.length === 0) console.warn('SKIPPED: no k6 is here; set FIREDRILL_PARTS to the folder that has bin/k6-v2')
  expect(
    Object.values(loads)
      .map((load) => load.name)
      .filter((name) => !rigs.some(({ load }) => load.name === name)),
  ).toEqual([...(k6.length === 0 ? ['k6'] : []), IN_A_CLUSTER])
})

loadSuite(rigs)

test('k6 that is not there is refused, with what to do', async () => {
  const check = loads.k6.check(
    { url: 'http://127.0.0.1:1/', args: [], env: {}, method: 'GET', timeout: seconds(1), headers: {} },
    loadContext({ PATH: '/nowhere' }),
  )
  await expect(check).rejects.toMatchObject({ code: 'K6_MISSING', exit: 4 })
})
