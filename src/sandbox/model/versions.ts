import type { Weights } from './softmax.ts'
import { WEIGHTS } from './weights.ts'

export const MODEL = 'fraud'

/** 1: good. 2: better. 3: answers fast, surely and wrong. */
export const VERSIONS: ReadonlyMap<string, Weights> = new Map(Object.entries(WEIGHTS))
