import { choice, type Of, object, size, withDefault } from '../../domain/shape.ts'
import { ruleFault } from './rule-fault.ts'

const parameters = object(
  {
    once: withDefault(
      choice(['connect', 'request', 'answer'], { doc: 'Reset once connected, once the request began, or in the middle of the answer' }),
      'answer',
    ),
  },
  { bytes: size({ doc: 'How much of the request or the answer passes before it is reset', examples: ['1KB'] }) },
)

/** A link that breaks off: the ambiguous failure, for the request may have been carried out. */
export const linkReset = ruleFault<Of<typeof parameters>>({
  name: 'link/reset',
  summary: 'Resets connections in the middle: the client cannot know whether its request was carried out',
  parameters,
  effectHow: 'The link counts the connections that it reset',
  lifted: 'new connections pass at once, those that were reset stay so',
  harm: ({ once, bytes }) => ({ kind: 'reset', after: once, bytes: Math.max(1, bytes ?? 1) }),
})
