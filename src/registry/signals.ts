// One line per entry.
export { http } from '../signals/http.ts'
export { kubernetes } from '../signals/kubernetes.ts'
export { prometheus } from '../signals/prometheus.ts'
export { webhook } from '../signals/webhook.ts'
