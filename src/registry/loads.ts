// One line per entry.
export { http } from '../load/http.ts'
export { k6 } from '../load/k6.ts'
export { k6Operator } from '../load/k6-operator.ts'
