/**
 * The later of two times, possibly of different clocks. A time after `now`, the reader's time, comes from a clock that
 * ran ahead, and is not later than a possible one.
 */
export const laterTime = (left: number, right: number, now = Number.POSITIVE_INFINITY): number =>
  left <= now === right <= now ? Math.max(left, right) : Math.min(left, right)
