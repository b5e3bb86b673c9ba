// One line per entry.

export { kubernetesPlatform } from '../platforms/kubernetes/platform.ts'
export { linkPlatform } from '../platforms/link/platform.ts'
export { processPlatform } from '../platforms/process/platform.ts'
