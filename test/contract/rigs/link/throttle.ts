import { onLink } from './on-link.ts'

export const rigs = onLink({ rate: 50 })
