import { type ExactSum, less, plus, rounded } from "./exactSum.ts"
import { FigureTable } from "./figureTable.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { aCount, aNumber, aSum, record } from "./packing.ts"

/**
 * The state of one series of an average.
 *
 * @category models
 * @since 0.2.0
 */
export interface AveragePoint {
  readonly count: number
  readonly sum: ExactSum
  /** The number of values below 0, if there were any. The sum may then decrease. */
  readonly negatives?: number
}

const point = (count: number, sum: ExactSum, negatives: number): AveragePoint =>
  negatives === 0 ? { count, sum } : { count, sum, negatives }

const negativesIn = ({ negatives = 0 }: AveragePoint): number => negatives

/** 0 + value: -0 counts as 0, regardless of the order. */
export const averageMeasure: Measure<AveragePoint> = {
  accepts: anyNumber,
  first: (value) => point(1, 0 + value, value < 0 ? 1 : 0),
  next: ({ count, negatives = 0, sum }, value) =>
    point(count + 1, plus(sum, value), value < 0 ? negatives + 1 : negatives),
  merge: (left, right) =>
    point(left.count + right.count, plus(left.sum, right.sum), negativesIn(left) + negativesIn(right)),
  minus: (later, earlier) =>
    point(later.count - earlier.count, less(later.sum, earlier.sum), negativesIn(later) - negativesIn(earlier))
}

const averageForm = record<AveragePoint>({ count: aNumber, sum: aSum, negatives: aCount })

// The contents of a series' block.
const Sum = 0
const Low = 1
const Count = 2
const Negatives = 3
const FigureBits = 2

export class AverageTable extends FigureTable<AveragePoint> {
  constructor() {
    super(FigureBits, averageForm)
  }

  add(address: number, value: number): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    this.rests.add(address, figures, f + Sum, figures, f + Low, value)
    figures[f + Count]! += 1
    if (value < 0) figures[f + Negatives]! += 1
  }

  point(address: number): AveragePoint {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    const sum = this.rests.at(address, [figures, f + Sum, figures, f + Low])
    return point(figures[f + Count]!, sum, figures[f + Negatives]!)
  }

  protected set(address: number, { count, negatives = 0, sum }: AveragePoint): void {
    const figures = this.blocks.of(address)
    const f = this.blocks.at(address)
    this.rests.put(address, sum, [figures, f + Sum, figures, f + Low])
    figures[f + Count] = count
    figures[f + Negatives] = negatives
  }
}

export const showAverage = (point: AveragePoint | null) => {
  const count = point?.count ?? 0
  const sum = rounded(point?.sum ?? 0)
  return { average: count === 0 ? null : sum / count, count, sum }
}
