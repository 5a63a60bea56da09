/** Which metrics of a lane take which rows and events. */

import { fieldsRead } from "../metric/definition/instrument.ts"
import type { RowRead, Rows } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import { type RowsFold, rowsFold } from "./kernels/generatedLoop.ts"
import { Kernel, type PlannedKernel } from "./kernels/kernel.ts"
import { PlaceMetric, PlaceSequence } from "./place.ts"
import type { RegisteredMetric } from "./registeredMetric.ts"

/** A layout in the fold. */
export interface FoldLayout {
  readonly layout: Layout
  readonly read: RowRead
}

/** The metrics that read a tag. */
export interface Readers {
  readonly cells: ReadonlyArray<RegisteredMetric>
  /** Whether one of them may modify an event that another one gets after it. */
  readonly mayWrite: boolean
  /** See {@link PlaceReader} and {@link PlaceTag}. */
  readonly reader: number
  readonly tag: number
}

/** How the rows of a layout are folded in this lane. */
export interface RowPlan extends Readers {
  /**
   * Folds rows in place, for the metrics that can, which take all of them. `cells` are the others, which need the event
   * itself.
   */
  readonly fold: RowsFold | undefined
}

/** Shared by most lanes, and never written. */
export const none: ReadonlyArray<never> = []

const noReaders: Readers = { cells: none, mayWrite: false, reader: 0, tag: -1 }

const exact = <A>(array: ReadonlyArray<A>): ReadonlyArray<A> => (array.length === 0 ? none : array.slice())

/** The plans for metrics as they are now. When a metric is registered, reset or quarantined, new plans are made. */
export class MetricPlans {
  readonly #cells: ReadonlyArray<RegisteredMetric>
  /** Created when events arrive one by one. */
  #byTag: Map<string, Readers> | undefined
  /** The layout of the last rows and its plan, created when the first row arrives. */
  #layout: FoldLayout | undefined
  #plan: RowPlan | undefined
  /** The plans of all layouts, if there are several. */
  #plans: Map<FoldLayout, RowPlan> | undefined

  constructor(cells: ReadonlyArray<RegisteredMetric>) {
    this.#cells = cells
  }

  ofRows(layout: FoldLayout): RowPlan {
    return layout === this.#layout ? this.#plan! : this.#next(layout)
  }

  #next(layout: FoldLayout): RowPlan {
    let plan = this.#plans?.get(layout)
    if (plan === undefined) {
      plan = this.#makePlan(layout)
      if (this.#layout !== undefined) {
        this.#plans ??= new Map([[this.#layout, this.#plan!]])
        this.#plans.set(layout, plan)
      }
    }
    this.#layout = layout
    this.#plan = plan
    return plan
  }

  #makePlan({ layout }: FoldLayout): RowPlan {
    const readers = this.#readersOf(layout.tag)
    const planned: Array<PlannedKernel> = []
    const cells = readers.cells.filter(({ inService, kernel }) => {
      const plan = inService && kernel instanceof Kernel ? kernel.plan(layout) : undefined
      if (plan !== undefined) planned.push(plan)
      return plan === undefined
    })
    return { ...readers, fold: rowsFold(planned, layout.words), cells: exact(cells) }
  }

  ofEvent(tag: string): Readers {
    this.#byTag ??= new Map()
    let readers = this.#byTag.get(tag)
    if (readers === undefined) {
      readers = this.#readersOf(tag)
      // Not stored for other tags, because their number is unlimited.
      if (readers.cells.length > 0) this.#byTag.set(tag, readers)
    }
    return readers
  }

  #readersOf(tag: string): Readers {
    const cells = this.#cells.filter(({ isFormer, metric }) => !isFormer && Object.hasOwn(metric.reduce, tag))
    const [first] = cells
    if (first === undefined) return noReaders
    return {
      cells: exact(cells),
      mayWrite: cells.slice(0, -1).some(({ metric }) => fieldsRead(metric) === undefined),
      reader: first.index,
      tag: Object.keys(first.metric.reduce).indexOf(tag)
    }
  }
}

/**
 * Folds rows as events. Returns how many of them at least one of the metrics took. Each metric gets its own copy of an
 * event: reading the event again costs less than freezing it, and also protects dates.
 */
export const foldDecoded = (
  layout: FoldLayout,
  cells: ReadonlyArray<RegisteredMetric>,
  rows: Rows,
  at: number,
  count: number,
  time: number,
  sequence: number,
  place: Int32Array
): number => {
  const { words } = layout.layout
  let applied = 0
  for (let i = 0, row = at; i < count; i++, row += words) {
    let took = false
    place[PlaceSequence] = sequence + i
    for (let c = 0; c < cells.length; c++) {
      const cell = cells[c]!
      place[PlaceMetric] = cell.index
      if (cell.reduce(layout.read(rows, row), time)) took = true
    }
    if (took) applied++
  }
  return applied
}
