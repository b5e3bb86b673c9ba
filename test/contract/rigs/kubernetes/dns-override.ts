import { onPlane, type Stage } from './on-plane.ts'
import { read } from './workloads.ts'

const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
internal.example { # ours
    forward . 192.0.2.53
}
`

const set = async ({ plane, namespace }: Stage): Promise<void> => {
  await plane.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace }, data: { Corefile: COREFILE } }])
}
const corefile = (stage: Stage): Promise<string> => read(stage, 'configmap', 'coredns', '.data.Corefile')

export const rigs = [
  onPlane({
    what: 'a Corefile, an error',
    spec: { domain: 'payments.example.com', answer: 'servfail', zone: '.:53' },
    set,
    select: () => ({ kind: 'configmap', name: 'coredns' }),
    harmed: async (stage) =>
      (await corefile(stage)).includes('    template ANY ANY payments.example.com {\n        rcode SERVFAIL\n    }\n'),
  }),
  onPlane({
    what: 'another zone, an address',
    brief: true,
    spec: { domain: 'db.internal.example.', answer: '192.0.2.1', zone: 'internal.example' },
    set,
    select: () => ({ kind: 'configmap', name: 'coredns' }),
    harmed: async (stage) => (await corefile(stage)).includes('internal.example {\n    template IN A db.internal.example {'),
  }),
]
