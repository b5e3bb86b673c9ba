import { extname } from 'node:path'

/** A thread's entry file: source beside source, built beside built. */
export const entryOf = (thread: 'observer' | 'keeper'): URL => new URL(`../${thread}-main${extname(import.meta.url)}`, import.meta.url)
