import { onLink } from './on-link.ts'

export const rigs = onLink({ after: 'answer', bytes: 3 })
