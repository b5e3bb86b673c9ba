// One line per entry.
export { command } from '../actions/command.ts'
export { http } from '../actions/http.ts'
export { manual } from '../actions/manual.ts'
