import { object } from '../../domain/shape.ts'
import { ruleFault } from './rule-fault.ts'

/** A link that is not there: connects are refused, and what was connected is reset. */
export const linkCut = ruleFault<Readonly<Record<never, never>>>({
  name: 'link/cut',
  summary: 'Cuts a link: connections are reset, new ones refused',
  parameters: object({}, {}),
  effectHow: 'A fresh connect is refused; with `percent`, the link counts the connections that it reset',
  lifted: 'new connections pass at once, those that were reset stay so',
  harm: () => ({ kind: 'cut' }),
})
