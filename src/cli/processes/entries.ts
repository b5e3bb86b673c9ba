import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const beside = (name: string): URL => new URL(`./${name}-main${extname(import.meta.url)}`, import.meta.url)

/** A thread's entry file: source beside source, built beside built. */
export const threadEntry = (thread: 'observer' | 'keeper'): URL => beside(thread)

/** The watchdog's entry file, as a path: it is a process, found by its command line. */
export const watchdogEntry = (): string => fileURLToPath(beside('watchdog'))
