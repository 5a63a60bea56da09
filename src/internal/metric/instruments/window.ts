/**
 * Count, sum and extremes over a sliding window of time, by slots. The time is that of the values and of the reader,
 * never of a clock. If it goes back, the window goes back with it.
 */
import { type ExactSum, plus, rounded } from "./exactSum.ts"
import { anyNumber, type Measure } from "./measure.ts"
import { aNumber, aSum, listOf, record } from "./packing.ts"
import { SlidingWindow, type WindowSettings } from "./slidingWindow.ts"

/** The values of a slot of time; see {@link SlidingWindow.slotAt}. */
export interface WindowSlot {
  readonly slot: number
  readonly count: number
  readonly sum: ExactSum
  readonly min: number
  readonly max: number
}

/**
 * The slots of the window in order, but for those without values: see {@link SlidingWindow.staying}.
 *
 * @category models
 * @since 0.2.0
 */
export interface WindowPoint {
  readonly slots: ReadonlyArray<WindowSlot>
}

export const windowForm = record<WindowPoint>({
  slots: listOf(record<WindowSlot>({ slot: aNumber, count: aNumber, sum: aSum, min: aNumber, max: aNumber }))
})

const newestOf = ({ slots }: WindowPoint): number => slots.at(-1)?.slot ?? Number.NEGATIVE_INFINITY

/** The slot is that of the left one. */
const together = (left: WindowSlot, right: WindowSlot): WindowSlot => ({
  slot: left.slot,
  count: left.count + right.count,
  sum: plus(left.sum, right.sum),
  min: Math.min(left.min, right.min),
  max: Math.max(left.max, right.max)
})

export const windowMeasure = (settings: WindowSettings): Measure<WindowPoint> => {
  const window = new SlidingWindow(settings)

  /** -0 counts as 0, as in JSON. */
  const slotOf = (value: number, at: number): WindowSlot => {
    const number = 0 + value
    return { slot: window.slotAt(at), count: 1, sum: number, min: number, max: number }
  }

  const next = (point: WindowPoint, value: number, at: number): WindowPoint => {
    const { slots } = point
    const more = slotOf(value, at)
    const last = slots.at(-1)
    if (last?.slot === more.slot) return { slots: slots.with(-1, together(last, more)) }
    const staying = window.staying(slots, more.slot)
    const before = staying.findLastIndex(({ slot }) => slot <= more.slot)
    const same = staying[before]
    return {
      slots:
        same?.slot === more.slot ? staying.with(before, together(same, more)) : staying.toSpliced(before + 1, 0, more)
    }
  }

  const merge = (left: WindowPoint, right: WindowPoint): WindowPoint => {
    const newest = Math.max(newestOf(left), newestOf(right))
    const slots = new Map(left.slots.map((each) => [each.slot, each]))
    for (const each of right.slots) {
      const same = slots.get(each.slot)
      slots.set(each.slot, same === undefined ? each : together(same, each))
    }
    return {
      slots: [...slots.values()].filter(({ slot }) => window.has(slot, newest)).sort((a, b) => a.slot - b.slot)
    }
  }

  const rewind = (point: WindowPoint, at: number): WindowPoint => {
    const slots = window.reached(point.slots, window.slotAt(at))
    return slots === point.slots ? point : { slots }
  }

  return { accepts: anyNumber, first: (value, at) => next({ slots: [] }, value, at), next, merge, rewind }
}

/**
 * The values in the window that ends now, as in {@link SlidingWindow}: whole slots, from the oldest to the newest, so
 * that equal states show equal results to the last digit. Slots after that of `now` do not count.
 */
const within = (settings: WindowSettings) => {
  const window = new SlidingWindow(settings)
  return (point: WindowPoint | null, now: number): Omit<WindowSlot, "slot"> | undefined => {
    const newest = window.slotAt(now)
    const [first, ...others] = (point?.slots ?? []).filter(({ slot }) => window.has(slot, newest))
    return first && others.reduce(together, first)
  }
}

export const showWindow = (settings: WindowSettings) => {
  const values = within(settings)
  return (point: WindowPoint | null, now: number) => {
    const shown = values(point, now)
    if (shown === undefined) return { count: 0, sum: 0, min: null, max: null, average: null }
    const { count, max, min } = shown
    const sum = rounded(shown.sum)
    return { count, sum, min, max, average: sum / count }
  }
}

/** The sum divided by the length of the whole window, whatever part of its last slot has passed. */
export const showRate = (settings: WindowSettings) => {
  const values = within(settings)
  const seconds = new SlidingWindow(settings).millis / 1000
  return (point: WindowPoint | null, now: number) => ({ perSecond: rounded(values(point, now)?.sum ?? 0) / seconds })
}
