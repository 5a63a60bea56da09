/**
 * The state of an instrument: plain data with a point for each series, and the pure reducer that defines it. The
 * kernels must agree with it.
 */
import type { MetricEvent } from "../../model/event.ts"
import { type Instrument, type LabelValue, labelValues, measuredValue } from "../definition/instrument.ts"
import type { Measure } from "./measure.ts"

export type ByKey<A> = { readonly [key: string]: A }

/**
 * The points by series; a series is named by its label values, as JSON.
 *
 * @category models
 * @since 0.2.0
 */
export interface SeriesState<Point> {
  readonly series: ByKey<Point>
  /** The number of invalid measurements: not a number, or one that the instrument rejects. */
  readonly rejected: number
  /** Present if series expire. */
  readonly idle?: Idle<Point>
}

export interface Idle<Point> {
  /**
   * The times of each series' first and last event. If the clock was set back, the last one is no later than {@link
   * sweptAt}.
   */
  readonly born: ByKey<number>
  readonly seen: ByKey<number>
  /**
   * How many series had expired when each of them began. This distinguishes a series from an earlier one with the same
   * labels that expired. Times cannot, because a clock can be set back.
   */
  readonly lives: ByKey<number>
  /** How many series have expired. */
  readonly expiries: number
  /** What has expired, so that the total includes it. */
  readonly expired: Point | null
  /** When expired series were last swept, or `null`. */
  readonly sweptAt: number | null
}

/** The series of everything beyond `maxSeries`. */
export const OverflowKey = "overflow"

export const emptyState = ({ expireAfter }: Instrument): SeriesState<never> =>
  expireAfter === undefined
    ? { series: {}, rejected: 0 }
    : { series: {}, rejected: 0, idle: { born: {}, seen: {}, lives: {}, expiries: 0, expired: null, sweptAt: null } }

export const keyOf = (values: ReadonlyArray<LabelValue>): string => JSON.stringify(values)

/** The labels of a series by name. `undefined` for the series of everything beyond the limit. */
export const labelsOf = (instrument: Instrument, key: string): { readonly [name: string]: LabelValue } | undefined => {
  if (key === OverflowKey) return undefined
  const values = JSON.parse(key) as ReadonlyArray<LabelValue>
  return Object.fromEntries(instrument.labels.map(([name], i) => [name, values[i] ?? null]))
}

/** The pure reducer of an instrument. */
export const reducerOf =
  <Point, Value>(instrument: Instrument, measure: Measure<Point, Value>) =>
  (state: SeriesState<Point>, event: MetricEvent, at: number): SeriesState<Point> => {
    if (instrument.filter !== undefined && !instrument.filter(event)) return state
    const value = measuredValue(instrument, event, at)
    if (value === undefined) return state
    if (!measure.accepts(value)) return { ...state, rejected: state.rejected + 1 }
    const live = sweep(instrument, measure, rewound(measure, state, at), at)
    const key = seriesKey(instrument.maxSeries, live.series, keyOf(labelValues(instrument, event, at)))
    return put(instrument, measure, live, key, value, at)
  }

/** A state whose points have windows, when the clock may have been set back. */
export const rewound = <Point, Value>(
  { rewind }: Measure<Point, Value>,
  state: SeriesState<Point>,
  at: number
): SeriesState<Point> => {
  if (rewind === undefined) return state
  const { idle } = state
  const series = Object.fromEntries(Object.entries(state.series).map(([key, point]) => [key, rewind(point, at)]))
  if (idle === undefined || idle.expired === null) return { ...state, series }
  return { ...state, series, idle: { ...idle, expired: rewind(idle.expired, at) } }
}

/**
 * The state for a reader whose clock is at `now`. Anything later was recorded before a clock was set back: windows
 * forget it, and series live on from now. Reads do this as events do, so that the state is right without another event.
 */
export const rewoundState = <Point, Value>(
  measure: Measure<Point, Value>,
  state: SeriesState<Point>,
  now: number
): SeriesState<Point> => {
  const back = rewound(measure, state, now)
  return back.idle === undefined ? back : { ...back, idle: seenBy(back.idle, now) }
}

export const seenBy = <Point>(idle: Idle<Point>, now: number): Idle<Point> => ({
  ...idle,
  seen: Object.fromEntries(Object.entries(idle.seen).map(([key, at]) => [key, Math.min(at, now)])),
  sweptAt: idle.sweptAt === null ? null : Math.min(idle.sweptAt, now)
})

const put = <Point, Value>(
  instrument: Instrument,
  measure: Measure<Point, Value>,
  state: SeriesState<Point>,
  key: string,
  value: Value,
  at: number
): SeriesState<Point> => {
  const { idle, series } = state
  const point = series[key]
  if (idle === undefined) {
    const next = point === undefined ? measure.first(value, at) : measure.next(point, value, at)
    return { ...state, series: { ...series, [key]: next } }
  }
  const ended = point !== undefined && isIdle(instrument, idle.seen[key]!, at)
  const begins = point === undefined || ended
  const next = begins ? measure.first(value, at) : measure.next(point, value, at)
  const born = begins ? { ...idle.born, [key]: at } : idle.born
  const expiries = ended ? idle.expiries + 1 : idle.expiries
  const lives = begins ? { ...idle.lives, [key]: expiries } : idle.lives
  const seen = { ...idle.seen, [key]: at }
  const expired = ended ? together(measure.merge, idle.expired, point, at) : idle.expired
  return { ...state, series: { ...series, [key]: next }, idle: { ...idle, born, seen, lives, expiries, expired } }
}

/** The series that an event with this key goes to. */
export const seriesKey = (maxSeries: number, series: ByKey<unknown>, key: string): string => {
  if (Object.hasOwn(series, key)) return key
  const known = Object.keys(series).length - (Object.hasOwn(series, OverflowKey) ? 1 : 0)
  return known < maxSeries ? key : OverflowKey
}

// --- expiry

/** Whether a series whose last event was at `seen` has expired. The shared series stays. */
export const isIdle = ({ expireAfter }: Instrument, seen: number, now: number): boolean =>
  expireAfter !== undefined && now - seen >= expireAfter

/** The number of sweeps during the lifetime of a series, so that an event rarely pays for one. */
const SweepsInLife = 8

/** Also after the clock was set back, because a series seen at a future time would not expire before that time. */
export const isSweepDue = ({ expireAfter }: Instrument, sweptAt: number | null, at: number): boolean =>
  expireAfter !== undefined && (sweptAt === null || at < sweptAt || at - sweptAt >= expireAfter / SweepsInLife)

const sweep = <Point, Value>(
  instrument: Instrument,
  measure: Measure<Point, Value>,
  state: SeriesState<Point>,
  at: number
): SeriesState<Point> =>
  state.idle !== undefined && isSweepDue(instrument, state.idle.sweptAt, at)
    ? withoutIdle(instrument, measure, state, at)
    : state

/**
 * The state without the series that have expired by `now`, which it counts as expired. A series seen after `now` was
 * seen before the clock was set back, so it lives on from now.
 */
export const withoutIdle = <Point, Value>(
  instrument: Instrument,
  measure: Measure<Point, Value>,
  state: SeriesState<Point>,
  now: number
): SeriesState<Point> => {
  if (state.idle === undefined) return state
  const live = ended(measure, state, (_, seen) => isIdle(instrument, seen, now), now)
  return { ...live, idle: { ...seenBy(live.idle!, now), sweptAt: now } }
}

/** The state where these series have expired. `hasEnded`: of one that had its last event at `seen`. */
export const ended = <Point, Value>(
  measure: Measure<Point, Value>,
  state: SeriesState<Point>,
  hasEnded: (key: string, seen: number) => boolean,
  now?: number
): SeriesState<Point> => {
  const { idle } = state
  if (idle === undefined) return state
  const series: Record<string, Point> = {}
  const born: Record<string, number> = {}
  const seen: Record<string, number> = {}
  const lives: Record<string, number> = {}
  let { expired, expiries } = idle
  for (const [key, point] of Object.entries(state.series)) {
    if (hasEnded(key, idle.seen[key]!)) {
      expired = together(measure.merge, expired, point, now)
      expiries++
    } else {
      series[key] = point
      born[key] = idle.born[key]!
      seen[key] = idle.seen[key]!
      lives[key] = idle.lives[key]!
    }
  }
  return { ...state, series, idle: { ...idle, born, seen, lives, expiries, expired } }
}

/** Merges two points, either of which may be missing. `now`: see {@link Measure.merge}. */
export const together = <Point>(
  merge: (left: Point, right: Point, now?: number) => Point,
  left: Point | null | undefined,
  right: Point | null | undefined,
  now?: number
): Point | null => {
  if (left === null || left === undefined) return right ?? null
  return right === null || right === undefined ? left : merge(left, right, now)
}

// --- states together

/** What was added to `earlier` to get `later`. */
export const minusStates =
  <Point, Value>({ merge, minus }: Measure<Point, Value>) =>
  (later: SeriesState<Point>, earlier: SeriesState<Point>): SeriesState<Point> => {
    if (minus === undefined) return later
    const rest = (point: Point | null, before: Point | null | undefined): Point | null =>
      point === null || before === null || before === undefined ? point : minus(point, before)
    const series: Record<string, Point> = {}
    for (const [key, point] of Object.entries(later.series)) {
      series[key] = goesOn(later, earlier, key) ? minus(point, earlier.series[key]!) : point
    }
    const rejected = later.rejected - earlier.rejected
    if (later.idle === undefined || earlier.idle === undefined) return { series, rejected }
    // What has expired since was a series before.
    let before = earlier.idle.expired
    for (const [key, point] of Object.entries(earlier.series)) {
      if (!goesOn(later, earlier, key)) before = together(merge, before, point)
    }
    const expiries = later.idle.expiries - earlier.idle.expiries
    return { series, rejected, idle: { ...later.idle, expiries, expired: rest(later.idle.expired, before) } }
  }

/** Whether a series of the earlier state still exists in the later one, without having expired and started again. */
export const goesOn = (later: SeriesState<unknown>, earlier: SeriesState<unknown>, key: string): boolean => {
  if (!Object.hasOwn(earlier.series, key) || !Object.hasOwn(later.series, key)) return false
  if (later.idle === undefined || earlier.idle === undefined) return true
  const { born, lives, seen } = earlier.idle
  // In merged states, the series that started again may be of another recorder, which numbers its own lives.
  return later.idle.lives[key] === lives[key] && later.idle.born[key]! <= Math.max(born[key]!, seen[key]!)
}
