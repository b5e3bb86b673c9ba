import { seconds } from '../../../../src/domain/time.ts'
import { onLink } from './on-link.ts'

export const rigs = onLink({ latency: seconds(2), jitter: seconds(0.1) })
