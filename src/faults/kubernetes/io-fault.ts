import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { choice, count, duration, list, type Of, object, percent, text, withDefault } from '../../domain/shape.ts'
import { chaosFault, containersField, goDuration, inContainers } from './chaos-fault.ts'

const METHODS = [
  'lookup',
  'open',
  'read',
  'write',
  'fsync',
  'flush',
  'create',
  'unlink',
  'rename',
  'mkdir',
  'rmdir',
  'readdir',
  'truncate',
] as const

const parameters = object(
  {
    volume: text({
      pattern: /^\//,
      what: 'an absolute path',
      doc: 'Where the volume is mounted in the container.',
      examples: ['/var/lib/db'],
    }),
    share: withDefault(percent({ doc: 'The share of calls that is hit. Default 100%.' }), '100%'),
  },
  {
    delay: duration({ min: 0.001, doc: 'How much longer a call takes. This or `errno`.', examples: ['100ms'] }),
    errno: count({
      min: 1,
      doc: 'The error that a call fails with, as a number: 5 is EIO, 28 is ENOSPC. This or `delay`.',
      examples: ['5'],
    }),
    path: text({ doc: 'Only files that match. Default: all of the volume.', examples: ['/var/lib/db/**/*.wal'] }),
    methods: list(choice(METHODS), { min: 1, doc: 'Only these calls. Default: all.', examples: ['[read, write]'] }),
    containers: containersField,
  },
)
type Spec = Of<typeof parameters>

function action({ delay, errno }: Spec): JsonObject {
  if ((delay === undefined) === (errno === undefined))
    throw refused('An io-fault needs delay or errno, one of them.', 'IO_WHAT', ['delay: 100ms', 'errno: 5'])
  return delay === undefined ? { action: 'fault', errno } : { action: 'latency', delay: goDuration(delay) }
}

export const kubernetesIoFault = chaosFault<Spec>({
  name: 'kubernetes/io-fault',
  summary: 'Makes file operations on a volume slow, or fail (Chaos Mesh)',
  parameters,
  kind: 'iochaos',
  harm: (spec) => ({
    ...action(spec),
    volumePath: spec.volume,
    percent: Math.round(spec.share * 100),
    ...(spec.path !== undefined && { path: spec.path }),
    ...(spec.methods && { methods: spec.methods }),
    ...inContainers(spec.containers),
  }),
})
