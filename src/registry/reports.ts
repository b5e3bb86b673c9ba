// One line per entry.

export { json } from '../reports/json.ts'
export { junit } from '../reports/junit.ts'
export { markdown } from '../reports/markdown.ts'
