// One line per entry.
export { postgres } from '../ledgers/postgres.ts'
