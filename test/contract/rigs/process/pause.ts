import { seconds } from '../../../../src/domain/time.ts'
import { processPlatform } from '../../../../src/platforms/process/platform.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import { realServer } from '../../../kit/server.ts'
import type { Rig, Scene } from '../../rig.ts'

async function build(): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  const server = stack.use(await realServer(folder.path))
  const context: Scene['context'] = (extra) => testContext(lease.file, folder.path, extra)
  const [target] = await processPlatform.resolve({ kind: 'port', spec: server.port }, context())
  let tokens = 0
  return {
    context,
    input: () => ({ spec: {}, target: target ?? null, token: `t${tokens++}`, longest: seconds(60), random: () => 0.5 }),
    harmed: async () => !(await server.answers()),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const rigs: readonly Rig[] = [{ what: 'a server', build }]
