import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('dnschaos', { names: ['payments.example.com'], answer: 'error' })]
