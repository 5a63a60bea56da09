/** What all sources have come to, from what lies in a store. */
import * as Effect from "effect/Effect"
import { type Known, together, whyNotMerged } from "../merging/mergedParts.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshot, Snapshots } from "../metric/definition/snapshot.ts"
import { snapshot } from "../metric/make.ts"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { type EventSource, type EventStoreService, Total } from "../store/eventStore.ts"
import {
  addEventCounts,
  type EventCounts,
  type FoldedMetrics,
  type FoldedRecorder,
  noEventCounts
} from "./foldedRecorder.ts"
import { FoldedSource } from "./foldedSource.ts"
import { FoldedTotal } from "./foldedTotal.ts"

/**
 * The events of recorders with one id, in all processes.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamCounts extends EventCounts {}

/**
 * Everything that is known of one recorder id.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamTotal {
  readonly snapshots: Snapshots
  readonly events: StreamCounts
  /** Processes that have, or had, such a recorder and are not taken for ended. */
  readonly processes: number
}

/**
 * A process that appends events, and is not taken for ended.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamSource {
  readonly source: string
  /** How long ago it has appended, by the clock of the store, in milliseconds. */
  readonly age: number
  /** Batches of events that are not folded yet. */
  readonly behind: number
}

/**
 * The recorders of all processes together.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamReport {
  /** Time of the reader's clock when the report was made, in milliseconds since the Unix epoch. */
  readonly at: number
  /** By recorder id, those included that have ended. */
  readonly recorders: { readonly [recorderId: string]: StreamTotal }
  /** What has ended and is not kept by its id any more. Absent: there is no such thing. */
  readonly others?: Omit<StreamTotal, "processes"> & { readonly recorders: number }
  readonly sources: ReadonlyArray<StreamSource>
  /** How many processes have ended. */
  readonly ended: number
  /** The names of metrics that processes have, and that are not in the report or defined differently there. */
  readonly leftOut: ReadonlyArray<string>
}

export interface ReportOptions {
  readonly store: EventStoreService
  readonly namespace: string
  readonly metrics: FoldedMetrics
  /** The id of whoever asks, which does not join by that. */
  readonly reader: string
}

/** How often a report begins again because sources were retired meanwhile. */
const Attempts = 10

/** Sources that are asked for at once. */
const AtOnce = 16

/** What recorders of an id have come to. */
interface Gathered {
  readonly states: Array<ReturnType<FoldedRecorder["states"]>>
  readonly processes: Set<string>
  events: EventCounts
}

interface Read {
  readonly total: FoldedTotal
  readonly sources: ReadonlyArray<readonly [EventSource, FoldedSource]>
}

/** `undefined`: sources were retired meanwhile, so that some may be in neither or both. */
const readOnce = Effect.fnUntraced(function* ({
  metrics,
  namespace,
  reader,
  store
}: ReportOptions): Effect.fn.Return<Read | undefined, MetricsStoreError> {
  const { parts, version } = yield* store.state(namespace, Total)
  const found = (yield* store.join(namespace, reader, 0)).sources.filter(({ isRetired }) => !isRetired)
  const sources = yield* Effect.forEach(
    found,
    (each) =>
      Effect.map(
        store.state(namespace, each.source),
        (state) => [each, new FoldedSource(metrics, state.parts)] as const
      ),
    { concurrency: AtOnce }
  )
  const after = yield* store.state(namespace, Total)
  return after.version === version ? { total: new FoldedTotal(metrics, parts), sources } : undefined
})

export const readReport = Effect.fnUntraced(function* (
  options: ReportOptions,
  now: number
): Effect.fn.Return<StreamReport, MetricsStoreError> {
  for (let attempt = 0; attempt < Attempts; attempt++) {
    const read = yield* readOnce(options)
    if (read !== undefined) return reportOf(read, options.metrics, now)
  }
  const { store } = options
  const reason = `processes have ended during each of ${Attempts} attempts`
  return yield* new MetricsStoreError({ store: store.place, operation: "report", reason })
})

const reportOf = ({ sources, total }: Read, metrics: FoldedMetrics, now: number): StreamReport => {
  const byId = new Map<string, Gathered>()
  const leftOut = new Set<string>()
  const gather = (recorder: FoldedRecorder, source: string | undefined): void => {
    const { recorderId } = recorder
    const found = byId.get(recorderId) ?? { states: [], processes: new Set(), events: noEventCounts }
    byId.set(recorderId, found)
    found.states.push(recorder.states())
    if (source !== undefined) found.processes.add(source)
    found.events = addEventCounts(found.events, recorder.counts)
    for (const name of recorder.apart.keys()) leftOut.add(name)
  }
  for (const recorder of total.recorders) gather(recorder, undefined)
  for (const [{ source }, folded] of sources) for (const recorder of folded.recorders) gather(recorder, source)
  const { others } = total
  return {
    at: now,
    recorders: Object.fromEntries(
      Array.from(byId, ([id, { events, processes, states }]) => [
        id,
        { snapshots: shown(states, metrics, now), events, processes: processes.size }
      ])
    ),
    ...(others && {
      others: {
        recorders: others.ids,
        snapshots: shown([others.recorder.states()], metrics, now),
        events: others.recorder.counts
      }
    }),
    sources: sources.map(([{ age, committed, last, source }]) => ({ source, age, behind: last - committed })),
    ended: total.ended,
    leftOut: [...leftOut].sort()
  }
}

const shown = (
  parts: ReadonlyArray<ReturnType<FoldedRecorder["states"]>>,
  { byName, onProblem }: FoldedMetrics,
  now: number
): Snapshots => {
  const all: Array<readonly [string, Snapshot]> = []
  for (const metric of byName.values()) {
    const own = parts.flatMap((states) => {
      const found = states.get(metric.name)
      return found === undefined ? [] : [found]
    })
    if (own.length === 0) continue
    const quarantine = own.find((each) => each.quarantine !== undefined)?.quarantine
    const one = snapshotOf(
      metric,
      own.map(({ state }) => ({ [metric.name]: state })),
      now,
      onProblem
    )
    all.push([metric.name, quarantine === undefined ? one : { ...one, quarantine }])
  }
  return Object.fromEntries(all)
}

const snapshotOf = (
  metric: Metric.Any,
  states: ReadonlyArray<Known>,
  now: number,
  onProblem: (problem: string) => void
): Snapshot => {
  try {
    return snapshot(metric, together(metric, states, now), now)
  } catch (error) {
    const reason = whyNotMerged(metric, error)
    onProblem(reason)
    return { name: metric.name, dimensions: {}, quarantine: { error: reason, missed: 0 } }
  }
}
