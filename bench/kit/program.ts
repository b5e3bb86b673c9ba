import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The built program under the Node that runs the bench. */
export const firedrill = (...args: readonly string[]): readonly string[] => [process.execPath, `${ROOT}bin/run.js`, ...args]

export const EXPERIMENT = `${ROOT}experiments/sandbox/region-loss.yaml`
