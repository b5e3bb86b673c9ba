// One line per fault.

export { processKill } from '../faults/process/kill.ts'
