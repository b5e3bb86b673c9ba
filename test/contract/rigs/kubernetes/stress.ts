import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('stresschaos', { load: 0.8, cpu: 2, memory: 268_435_456 })]
