/** Microseconds in a second: samples are recorded in whole ones. */
export const MICRO = 1e6
