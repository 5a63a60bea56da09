/**
 * How a kind of instrument measures: pure functions over plain data. This is the whole description of a kind; series,
 * labels, filters, limits and expiry are common to all.
 */
export interface Measure<Point, Value = number> {
  /** Whether a value is valid. An invalid value is counted as rejected, and changes nothing. */
  readonly accepts: (value: unknown) => value is Value
  /** The point after its first value, measured `at` (milliseconds since the Unix epoch). */
  readonly first: (value: Value, at: number) => Point
  /** The point after another value, or the same one if nothing changes. */
  readonly next: (point: Point, value: Value, at: number) => Point
  /**
   * Merges two points: commutative, associative, and equal to a single point that took the values of both. `now` is the
   * reader's time: a time after it comes from a clock that ran ahead, and is not the latest. Default: no limit.
   */
  readonly merge: (left: Point, right: Point, now?: number) => Point
  /**
   * For kinds with a window of time: the point without anything after `at`, when the clock was set back; the same point
   * if there is nothing. A value of one series rewinds all series.
   */
  readonly rewind?: (point: Point, at: number) => Point
  /** What was added to `earlier` to get `later`. Kinds without a difference show their current value. */
  readonly minus?: (later: Point, earlier: Point) => Point
}

/** Whether a value is finite, and at least the minimum. */
export const isMeasurable = (value: unknown, least: number): value is number =>
  typeof value === "number" && value >= least && value <= Number.MAX_VALUE

export const anyNumber = (value: unknown): value is number => isMeasurable(value, -Number.MAX_VALUE)
