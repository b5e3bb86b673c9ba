// One line per entry.
export { http } from '../load/http.ts'
