import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('networkchaos', { loss: 0.3, to: ['10.1.2.3:80'] })]
