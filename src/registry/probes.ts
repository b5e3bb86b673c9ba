// One line per entry.
export { command } from '../probes/command.ts'
export { dns } from '../probes/dns.ts'
export { http } from '../probes/http.ts'
export { kubernetes } from '../probes/kubernetes.ts'
export { tcp } from '../probes/tcp.ts'
export { tls } from '../probes/tls.ts'
