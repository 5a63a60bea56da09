/**
 * The later of two times that different clocks may have given. One after `now`, the reader's time, comes from a clock
 * that ran ahead: it is not later than one that can be right.
 */
export const laterTime = (left: number, right: number, now = Number.POSITIVE_INFINITY): number =>
  left <= now === right <= now ? Math.max(left, right) : Math.min(left, right)
