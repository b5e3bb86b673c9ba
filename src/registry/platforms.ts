// One line per entry.

export { linkPlatform } from '../platforms/link/platform.ts'
export { processPlatform } from '../platforms/process/platform.ts'
