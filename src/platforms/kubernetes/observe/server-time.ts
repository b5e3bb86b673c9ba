import type { Clock } from '../../../contracts/context.ts'
import type { Interval } from '../../../domain/interval.ts'

/**
 * When a server's timestamp was taken, on the drill's clock. `Time` is cut to whole seconds, so that 10:00:05 means [10:00:05, 10:00:06);
 * `MicroTime` has six digits and is cut to those. `offset` is the server's clock minus ours, seconds. undefined: it is no timestamp.
 */
export function drillTime(text: string | null | undefined, offset: Interval, clock: Clock): Interval | undefined {
  const [, whole = '', fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(text ?? '') ?? []
  const stamp = Date.parse(`${whole}Z`) / 1000
  if (Number.isNaN(stamp)) return undefined
  const lo = stamp + Number(`0.${fraction || '0'}`)
  const hi = lo + 10 ** -fraction.length
  // Both clocks are read now, so that a wall clock that was set in between does not count.
  const ahead = clock.wall() - clock.now()
  return { lo: lo - offset.hi - ahead, hi: hi - offset.lo - ahead }
}
