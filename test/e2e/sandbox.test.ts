import { test } from 'vitest'
import { drillAsItSays } from '../kit/experiment.ts'

/** Three of the sandbox's drills in every run of the tests; all of them in `npm run test:drills`. */
test.each(['objective-missed', 'guardrail-aborts', 'unsteady-start'])(
  '%s ends as it says, and its numbers contain the truth',
  async (name) => void (await drillAsItSays(`experiments/sandbox/${name}.yaml`)),
  120_000,
)
