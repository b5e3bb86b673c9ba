// One line per entry.
export { twoRegion } from '../sandbox/two-region.ts'
