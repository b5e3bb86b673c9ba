// One line per entry.

export { processPlatform } from '../platforms/process/platform.ts'
