import { onChaos } from './on-chaos.ts'

export const rigs = [
  onChaos('networkchaos', { direction: 'both' }),
  onChaos('networkchaos', { direction: 'to', to: ['redis.shop', '10.0.0.0/8'] }, 'deployment'),
]
