import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('timechaos', { offset: '-10m', clocks: ['CLOCK_REALTIME'], containers: ['app'] })]
