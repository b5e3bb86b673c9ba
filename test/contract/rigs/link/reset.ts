import { onLink } from './on-link.ts'

export const rigs = onLink({ once: 'answer', bytes: 3 })
