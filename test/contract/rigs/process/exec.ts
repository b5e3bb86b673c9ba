import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { seconds } from '../../../../src/domain/time.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import { type Rig, type Scene, SECRET } from '../../rig.ts'

/** The damage is a file. */
async function build(): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  let tokens = 0
  const spec = {
    inject: ['sh', '-c', 'test -n "$PASSWORD" && touch damage'],
    undo: ['sh', '-c', 'test -n "$PASSWORD" && rm -f damage'],
    damaged: ['test', '-e', 'damage'],
    env: { PASSWORD: { env: 'RIG_SECRET' } },
    every: seconds(0.02),
  }
  return {
    context: (extra) => testContext(lease.file, folder.path, { env: { RIG_SECRET: SECRET }, ...extra }),
    input: () => ({ spec, target: null, token: `t${tokens++}`, longest: seconds(60), random: () => 0.5 }),
    harmed: () => Promise.resolve(existsSync(join(folder.path, 'damage'))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const rigs: readonly Rig[] = [{ what: 'a file', build }]
