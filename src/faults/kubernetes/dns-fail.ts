import { choice, list, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { chaosFault, containersField, inContainers } from './chaos-fault.ts'

const parameters = object(
  {
    names: list(text({ pattern: /^[\w.*?-]+$/, what: 'a host name, * at its end or ? in it' }), {
      min: 1,
      doc: 'Names that are not resolved; a * at the end stands for anything, a ? for one character.',
      examples: ['[payments.example.com, "db.*"]'],
    }),
    answer: withDefault(choice(['error', 'random'], { doc: 'What is answered: an error (default), or a random address.' }), 'error'),
  },
  { containers: containersField },
)

export const kubernetesDnsFail = chaosFault<Of<typeof parameters>>({
  name: 'kubernetes/dns-fail',
  summary: 'Makes names unresolvable, or resolve to anything, for pods (Chaos Mesh with its DNS server)',
  parameters,
  kind: 'dnschaos',
  network: true,
  dns: true,
  harm: ({ names, answer, containers }) => ({ action: answer, patterns: names, ...inContainers(containers) }),
})
