import { type Of, object, size } from '../../domain/shape.ts'
import { ruleFault } from './rule-fault.ts'

const parameters = object({ rate: size({ doc: 'Bytes a second each way, shared by all connections', examples: ['64KB'] }) })

/** A narrow link. */
export const linkThrottle = ruleFault<Of<typeof parameters>>({
  name: 'link/throttle',
  summary: 'Narrows a link: so many bytes a second each way, shared by its connections',
  parameters,
  effectHow: 'The link counts the connections whose bytes had to wait for their turn',
  lifted: 'what was held back goes out at once, in order',
  harm: ({ rate }) => ({ kind: 'throttle', rate: Math.max(1, rate) }),
})
