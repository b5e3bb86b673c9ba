import { isIP } from 'node:net'
import { refused } from '../../domain/error.ts'
import { type Of, object, text, withDefault } from '../../domain/shape.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { refuseWithoutRoom } from '../../platforms/kubernetes/change/room.ts'
import { blockOf, parseCorefile, reloads, withPlugin } from '../../platforms/kubernetes/dns/corefile.ts'
import { askAProbe } from '../../platforms/kubernetes/effect/rollout.ts'
import { patchFault, readBackState } from './patch-fault.ts'

const parameters = object({
  domain: text({
    pattern: /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\.?$/,
    what: 'a name in the DNS',
    doc: 'The name that is answered otherwise, and every name below it.',
    examples: ['payments.example.com'],
  }),
  answer: withDefault(
    text({
      pattern: /^(servfail|nxdomain|[0-9a-fA-F.:]+)$/,
      what: 'servfail, nxdomain or an address',
      doc: 'What is answered: servfail (default), nxdomain, or an address that nobody is at.',
      examples: ['192.0.2.1'],
    }),
    'servfail',
  ),
  zone: withDefault(text({ pattern: /^\S+$/, what: 'a zone', doc: 'The server block of the Corefile. Default ".:53".' }), '.:53'),
})
type Spec = Of<typeof parameters>

const PATH = '/data/Corefile'
/** Seconds that clients may keep the address: no longer than undo takes to reach the server. */
const TTL = 5

/** The cluster's own DNS answers wrongly for a name. */
export const kubernetesDnsOverride = patchFault<Spec>({
  name: 'kubernetes/dns-override',
  summary: 'Has CoreDNS answer a name with an error or with another address',
  parameters,
  on: ['configmap'],
  effectIsState: false,
  needsProbe: true,
  effectHow: 'Only a probe that resolves the name can see it: CoreDNS takes the Corefile up within a minute or two',
  undoHow: 'Puts the Corefile back if it is still as the drill left it; CoreDNS takes that up within a minute or two',
  change(map, spec) {
    const before = map.data?.['Corefile']
    if (typeof before !== 'string')
      throw refused(
        `${map.metadata.name} has no Corefile: name the ConfigMap that CoreDNS reads (kube-system/coredns); managed clusters may have another way.`,
        'NO_COREFILE',
      )
    const ours = overridden(before, spec)
    refuseWithoutRoom(map, [before, ours], 'move what the Corefile can import into another file')
    return { edits: [field(map, PATH, { value: ours })] }
  },
  async effect(scene) {
    const edit = scene.mutation.undo?.edits[0]
    const ours = edit?.what === 'field' ? edit.ours?.value : undefined
    const how = `${scene.ref.name} says so: CoreDNS takes it up within a minute or two, and answers from its cache for up to 30 s more`
    return askAProbe((await readBackState(scene, ({ data }) => data?.['Corefile'] === ours, how)).how)
  },
})

function overridden(corefile: string, spec: Spec): string {
  const blocks = parseCorefile(corefile)
  if (!blocks) throw notUnderstood()
  const block = blockOf(blocks, spec.zone)
  if (!block)
    throw refused(
      `The Corefile has no server block for ${spec.zone}.`,
      'NO_ZONE',
      blocks.flatMap(({ zones }) => zones.map((zone) => `zone: "${zone}"`)),
    )
  // A server that is started anew for it would be an outage of its own, and undo would need another one.
  if (!reloads(blocks))
    throw refused('The Corefile has no reload plugin: CoreDNS would not take the change up, nor the undo.', 'NO_RELOAD', ['reload'])
  const ours = withPlugin(corefile, block, templateOf(spec))
  if (ours === undefined) throw notUnderstood()
  return ours
}

const notUnderstood = () =>
  refused('The Corefile cannot be understood, and a broken one would take the whole cluster’s DNS down at the next restart.', 'COREFILE')

/** The `template` plugin answers before `hosts`, `kubernetes` and `forward`, wherever it stands in the block. */
function templateOf({ domain, answer }: Spec): readonly string[] {
  const zone = domain.replace(/\.$/, '')
  if (answer === 'servfail' || answer === 'nxdomain') return [`template ANY ANY ${zone} {`, `    rcode ${answer.toUpperCase()}`, '}']
  const family = isIP(answer)
  if (family === 0) throw refused(`${answer} is no address.`, 'ANSWER', ['answer: 192.0.2.1', 'answer: servfail'])
  const type = family === 6 ? 'AAAA' : 'A'
  return [
    `template IN ${type} ${zone} {`,
    `    answer "{{ .Name }} ${TTL} IN ${type} ${answer}"`,
    '}',
    // Other types have no answer, so that nobody goes around by the other family.
    `template ANY ANY ${zone} {`,
    '    rcode NOERROR',
    '}',
  ]
}
