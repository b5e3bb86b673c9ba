import { onChaos } from './on-chaos.ts'

export const rigs = [onChaos('httpchaos', { port: 8080, on: 'response', path: '/api/*', abort: false, status: 503, method: 'GET' })]
