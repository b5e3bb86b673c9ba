import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('networkchaos', { latency: 0.2, jitter: 0 })]
