import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('iochaos', { volume: '/var/lib/db', share: 0.5, errno: 5, methods: ['read'] })]
