// One line per entry.
export { http } from '../ledgers/http.ts'
export { postgres } from '../ledgers/postgres.ts'
