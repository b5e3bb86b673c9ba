// One line per entry.

export { html } from '../reports/html.ts'
export { json } from '../reports/json.ts'
export { junit } from '../reports/junit.ts'
export { markdown } from '../reports/markdown.ts'
