/**
 * How a kind of instrument measures: pure functions over plain data. That is all a kind has to say; series, labels,
 * filters, caps and expiry are the same for all.
 */
export interface Measure<Point, Value = number> {
  /** Whether a value can be taken. What cannot is counted as rejected, and changes nothing. */
  readonly accepts: (value: unknown) => value is Value
  /** The point after its first value, measured `at` (milliseconds since the Unix epoch). */
  readonly first: (value: Value, at: number) => Point
  /** The point after a further value; the same one when that changes nothing. */
  readonly next: (point: Point, value: Value, at: number) => Point
  /**
   * Two points together: commutative, associative, and what one would have that had taken the values of both. `now` is
   * the reader's time: a time after it was given by a clock that ran ahead, and is not the latest. Default: any time may be.
   */
  readonly merge: (left: Point, right: Point, now?: number) => Point
  /**
   * Of kinds that look at a window of time: the point without what lies after `at`, where the clock that gave it was set
   * back; the same point if there is nothing. A value of one series applies to all series.
   */
  readonly rewind?: (point: Point, at: number) => Point
  /** What came to `earlier` that made it `later`. Kinds for which there is no such thing show what they have. */
  readonly minus?: (later: Point, earlier: Point) => Point
}

/** Whether a value is finite, and not below the least that can be taken. */
export const isMeasurable = (value: unknown, least: number): value is number =>
  typeof value === "number" && value >= least && value <= Number.MAX_VALUE

export const anyNumber = (value: unknown): value is number => isMeasurable(value, -Number.MAX_VALUE)
