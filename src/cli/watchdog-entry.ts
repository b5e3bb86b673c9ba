import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The watchdog's entry file: source beside source, built beside built. */
export const watchdogEntry = (): string => fileURLToPath(new URL(`./watchdog-main${extname(import.meta.url)}`, import.meta.url))
