import { allSteps, type Steps } from "../../util/steps.ts"
import { type ExactSum, plus, rounded } from "./exactSum.ts"
import { FigureTable } from "./figureTable.ts"
import { laterTime } from "./laterTime.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { aNumber, aSum, record } from "./packing.ts"
import { grown, joined, noNumbers, type Points, type TwoArrays } from "./points.ts"

/**
 * The last value, and when it was measured (milliseconds since the Unix epoch).
 *
 * @category models
 * @since 0.2.0
 */
export interface GaugePoint {
  readonly value: number
  readonly at: number
}

/**
 * The state of one series of a gauge. Of values that are added up, it has the exact sum.
 *
 * @category models
 * @since 0.2.0
 */
export interface LevelPoint {
  readonly value: ExactSum
  readonly at: number
}

/**
 * The later one by `now`. Of two at the same time, the greater value, so that the order does not matter. The clocks of
 * processes may differ, so a time after `now` does not make a point the later one.
 */
const later = (left: GaugePoint, right: GaugePoint, now?: number): GaugePoint => {
  if (left.at !== right.at) return left.at === laterTime(left.at, right.at, now) ? left : right
  return left.value >= right.value ? left : right
}

/** Each value replaces the previous one. */
export const lastMeasure: Measure<GaugePoint> = {
  accepts: anyNumber,
  first: (value, at) => ({ value, at }),
  next: (_point, value, at) => ({ value, at }),
  merge: later
}

/**
 * Each value is added: a level that goes up and down. Its time is that of the last event, even if the clock was set
 * back.
 */
export const levelMeasure: Measure<LevelPoint> = {
  accepts: anyNumber,
  first: (value, at) => ({ value: 0 + value, at }),
  next: (point, value, at) => ({ value: plus(point.value, value), at }),
  merge: (left, right, now) => ({ value: plus(left.value, right.value), at: laterTime(left.at, right.at, now) })
}

/** Values in `a`, times in `b`. */
export class LastPoints implements Points {
  a = noNumbers
  b = noNumbers
  readonly least = -Number.MAX_VALUE
  readonly together = "last"

  code(): string {
    return "a[s] = v; b[s] = time;"
  }

  reserve(index: number): void {
    this.a = grown(this.a, index + 1)
    this.b = grown(this.b, index + 1)
  }

  add(index: number, value: number, at: number): void {
    this.a[index] = value
    this.b[index] = at
  }

  point(index: number): GaugePoint {
    return { value: this.a[index]!, at: this.b[index]! }
  }

  put(index: number, { at, value }: GaugePoint): void {
    this.a[index] = value
    this.b[index] = at
  }

  copy(count: number): LastPoints {
    const copy = new LastPoints()
    allSteps(copy.loading([this.save(0, count)]))
    return copy
  }

  save(from: number, to: number): TwoArrays {
    return { a: this.a.slice(from, to), b: this.b.slice(from, to) }
  }

  *loading(saved: ReadonlyArray<TwoArrays>): Steps<void> {
    this.a = yield* joined(saved.map(({ a }) => a))
    this.b = yield* joined(saved.map(({ b }) => b))
  }
}

const levelForm = record<LevelPoint>({ value: aSum, at: aNumber })

// The contents of a series' block for values that are added up.
const Sum = 0
const Low = 1
const At = 2
const FigureBits = 2

export class LevelTable extends FigureTable<LevelPoint> {
  constructor() {
    super(FigureBits, levelForm)
  }

  add(address: number, value: number, at: number): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    this.rests.add(address, figures, f + Sum, figures, f + Low, value)
    figures[f + At] = at
  }

  point(address: number): LevelPoint {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    return { value: this.rests.at(address, [figures, f + Sum, figures, f + Low]), at: figures[f + At]! }
  }

  protected set(address: number, { at, value }: LevelPoint): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    this.rests.put(address, value, [figures, f + Sum, figures, f + Low])
    figures[f + At] = at
  }
}

export const showGauge = (point: LevelPoint | null) =>
  point === null ? { value: null, at: null } : { value: rounded(point.value), at: point.at }
