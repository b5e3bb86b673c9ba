// One line per entry.
export { http } from '../probes/http.ts'
