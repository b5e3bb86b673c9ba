import { duration, type Of, object } from '../../domain/shape.ts'
import { ruleFault } from './rule-fault.ts'

const parameters = object(
  { latency: duration({ doc: 'Added each way: a request and its answer take twice this longer', examples: ['150ms'] }) },
  { jitter: duration({ doc: 'Up to this much more, drawn anew for every piece; order is kept', examples: ['50ms'] }) },
)

/** A slow link. */
export const linkDelay = ruleFault<Of<typeof parameters>>({
  name: 'link/delay',
  summary: 'Slows a link down: bytes arrive later, each way',
  parameters,
  effectHow: 'The link counts the connections whose bytes it held back',
  lifted: 'what was held back goes out at once, in order',
  harm: ({ latency, jitter }) => ({ kind: 'delay', latency, jitter: jitter ?? 0 }),
})
