import { ratio, seconds } from '../../../../src/domain/time.ts'
import { linkPlatform } from '../../../../src/platforms/link/platform.ts'
import { tempFolder, testContext, testLease } from '../../../kit/context.ts'
import { innerLink, tcpServer } from '../../../kit/link.ts'
import type { Rig, Scene } from '../../rig.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello'

/** A real link in front of a real server, with a trickle of traffic; `slow` says how long a request may take before it counts as harmed. */
async function build(spec: unknown, percent: number, slow: number): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  const server = stack.use(await tcpServer((socket) => socket.once('data', () => socket.end(ANSWER))))
  const link = stack.use(await innerLink(server.address, folder.path))
  const context: Scene['context'] = (extra) => testContext(lease.file, folder.path, extra)
  const [target] = await linkPlatform.resolve({ kind: 'control', spec: link.control }, context())
  const ask = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${link.port}/`, { signal: AbortSignal.timeout(slow), headers: { connection: 'close' } }).then(
      async (answer) => (await answer.text()) === 'hello',
      () => false,
    )
  const someoneFails = async (): Promise<boolean> => (await Promise.all(Array.from({ length: percent < 1 ? 24 : 2 }, ask))).includes(false)
  const traffic = setInterval(() => void ask(), 40)
  stack.defer(() => clearInterval(traffic))
  let tokens = 0
  return {
    context,
    input: () => ({
      spec,
      target: target ?? null,
      for: seconds(30),
      percent: ratio(percent),
      token: `t${tokens++}`,
      longest: seconds(60),
      random: () => 0.5,
    }),
    // Twice: on a busy machine a request may be late without a fault, and one that was under way when a rule ended is still harmed.
    harmed: async () => (await someoneFails()) && someoneFails(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** The rigs of a fault on a link: all of its connections, and some. */
export const onLink = (spec: unknown, slow = 700): readonly Rig[] => [
  { what: 'all connections', build: () => build(spec, 1, slow) },
  { what: '30 % of the connections', brief: true, build: () => build(spec, 0.3, slow) },
]
