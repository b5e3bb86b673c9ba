import { object } from '../../domain/shape.ts'
import { ruleFault } from './rule-fault.ts'

/** A link that swallows: the hang that clients find out about by their timeouts alone. */
export const linkBlackhole = ruleFault<Readonly<Record<never, never>>>({
  name: 'link/blackhole',
  summary: 'Swallows what goes over a link: connections are accepted and never answered, those that exist stall',
  parameters: object({}, {}),
  effectHow: 'The link counts the connections that it accepted without an other side, or whose bytes it swallowed',
  lifted: 'connections that it held are reset, for their bytes are lost',
  harm: () => ({ kind: 'blackhole' }),
})
