/** Reports of the merged state of all sources in a store. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Merger } from "../merging/merger.ts"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import type { Snapshots } from "../metric/definition/snapshot.ts"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { SharedScrapes } from "../runtime/sharedScrapes.ts"
import { type EventSource, type EventStoreService, Total } from "../store/eventStore.ts"
import { messageOf } from "../util/describeError.ts"
import { inSlices } from "../util/inSlices.ts"
import { CountedSince } from "./countedSince.ts"
import { addEventCounts, type EventCounts, noEventCounts } from "./eventCounts.ts"
import type { FoldedMetrics } from "./foldedMetrics.ts"
import type { FoldedRecorder } from "./foldedRecorder.ts"
import { FoldedSource } from "./foldedSource.ts"
import { FoldedTotal } from "./foldedTotal.ts"
import type { Parts } from "./storedRecorder.ts"

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
  /** The number of processes that have or had such a recorder and do not count as ended. */
  readonly processes: number
  /**
   * The start time of each metric, by its name: the time of the first event that it could have counted, in milliseconds
   * since the Unix epoch.
   */
  readonly createdAt: { readonly [metric: string]: number }
  /**
   * Metrics that processes had before any aggregator had them. Contains, by metric name, the time of the last event
   * that the metric does not include. It includes every later event.
   */
  readonly lacksUntil: { readonly [metric: string]: number }
}

/**
 * A process that appends events and does not count as ended.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamSource {
  readonly source: string
  /** The time since it last appended, by the clock of the store, in milliseconds. */
  readonly age: number
  /** The number of batches that are not folded yet. */
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
  /** The recorders by id, ended ones included. */
  readonly recorders: { readonly [recorderId: string]: StreamTotal }
  /** The merged counts of ended recorders whose ids are no longer kept separately. Absent if there are none. */
  readonly others?: Omit<StreamTotal, "processes"> & { readonly recorders: number }
  readonly sources: ReadonlyArray<StreamSource>
  /** The number of ended processes. */
  readonly ended: number
  /**
   * The names of metrics of processes that this report leaves out, defines differently, or shows with events missing.
   * Events are missing if an aggregator with other metrics has folded them, or if the metric was quarantined in a
   * process that has ended.
   */
  readonly leftOut: ReadonlyArray<string>
}

export interface ReportOptions {
  readonly store: EventStoreService
  readonly namespace: string
  readonly metrics: FoldedMetrics
  /** The id of the reader. Reading does not make it a member. */
  readonly reader: string
}

/** How often a report is retried because sources were retired while it was read. */
const Attempts = 10

/** The number of sources that are read concurrently. */
const AtOnce = 16

/** What was read from a source at a version of its state. */
interface Cached<A> {
  readonly version: string
  readonly value: A
}

/** The merged state of the recorders of an id. */
interface Gathered {
  readonly states: Array<ReturnType<FoldedRecorder["states"]>>
  readonly processes: Set<string>
  readonly since: CountedSince
  events: EventCounts
}

interface Read {
  readonly total: FoldedTotal
  readonly sources: ReadonlyArray<readonly [EventSource, FoldedSource]>
}

/** Makes reports. Concurrent callers share one. The state of a source is read again only when it has changed. */
export class Reports {
  readonly #options: ReportOptions
  readonly #merger: Merger
  readonly #shared = new SharedScrapes<StreamReport, MetricsStoreError>()
  #sources = new Map<string, Cached<FoldedSource>>()
  #total: Cached<FoldedTotal> | undefined

  constructor(options: ReportOptions) {
    this.#options = options
    const { byName, onProblem } = options.metrics
    const metrics = [...byName.values()]
    const of = { reader: "the aggregator", layer: "MetricsStream.layer" }
    this.#merger = new Merger({ metrics, onProblem, isLevel: isBuiltInLevel, ...of })
  }

  /** By the clock of the first caller. */
  get report(): Effect.Effect<StreamReport, MetricsStoreError> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => this.#shared.share("report", this.#made(now)))
  }

  #made(now: number): Effect.Effect<StreamReport, MetricsStoreError> {
    return Effect.gen({ self: this }, function* () {
      for (let attempt = 0; attempt < Attempts; attempt++) {
        const read = yield* this.#read
        if (read !== undefined) return yield* this.#reportOf(read, now)
      }
      return yield* this.#failed(`processes have ended during each of ${Attempts} attempts`)
    }).pipe(Effect.catchDefect((defect) => Effect.fail(this.#failed(messageOf(defect)))))
  }

  #failed(reason: string): MetricsStoreError {
    return new MetricsStoreError({ store: this.#options.store.place, operation: "report", reason })
  }

  /**
   * Returns `undefined` if sources were retired meanwhile, because some of them may then be counted twice or not at
   * all.
   */
  readonly #read: Effect.Effect<Read | undefined, MetricsStoreError> = Effect.gen({ self: this }, function* () {
    const { metrics, namespace, reader, store } = this.#options
    const { sources, total } = yield* store.join(namespace, reader, 0)
    let isOfOneMoment = true
    const known = <A>(
      source: string,
      version: string,
      cached: Cached<A> | undefined,
      make: (parts: Parts) => A
    ): Effect.Effect<Cached<A>, MetricsStoreError> =>
      cached?.version === version
        ? Effect.succeed(cached)
        : Effect.map(store.state(namespace, source), (state) => {
            if (state.version !== version) isOfOneMoment = false
            return { version: state.version, value: make(state.parts) }
          })
    const ofTotal = yield* known(Total, total, this.#total, (parts) => new FoldedTotal(metrics, parts))
    const ofSources = yield* Effect.forEach(
      sources,
      (each) =>
        Effect.map(
          known(each.source, each.version, this.#sources.get(each.source), (parts) => new FoldedSource(metrics, parts)),
          (found) => [each, found] as const
        ),
      { concurrency: AtOnce }
    )
    if (!isOfOneMoment && (yield* store.join(namespace, reader, 0)).total !== ofTotal.version) return undefined
    this.#total = ofTotal
    this.#sources = new Map(ofSources.map(([{ source }, found]) => [source, found]))
    return { total: ofTotal.value, sources: ofSources.map(([each, { value }]) => [each, value] as const) }
  })

  readonly #reportOf = Effect.fnUntraced(
    { self: this },
    function* ({ sources, total }: Read, now: number): Effect.fn.Return<StreamReport> {
      const byId = new Map<string, Gathered>()
      const leftOut = new Set<string>()
      const gather = (recorder: FoldedRecorder, source: string | undefined): void => {
        if (recorder.isEmpty) return
        const { recorderId } = recorder
        const found = byId.get(recorderId) ?? {
          ...{ states: [], processes: new Set(), since: new CountedSince(), events: noEventCounts }
        }
        byId.set(recorderId, found)
        found.states.push(recorder.states())
        found.since.absorb(recorder.since, () => true)
        if (source !== undefined) found.processes.add(source)
        found.events = addEventCounts(found.events, recorder.counts)
        for (const name of recorder.leftOut) leftOut.add(name)
      }
      for (const recorder of total.recorders) gather(recorder, undefined)
      for (const [{ source }, folded] of sources) {
        for (const recorder of folded.recorders) gather(recorder, source)
        // Lets other fibers run.
        yield* Effect.yieldNow
      }
      const recorders: Array<readonly [string, StreamTotal]> = []
      for (const [id, { events, processes, since, states }] of byId) {
        const snapshots = yield* this.#shown(states, now)
        recorders.push([id, { snapshots, events, processes: processes.size, ...timesOf(since) }])
      }
      const { others } = total
      return {
        at: now,
        recorders: Object.fromEntries(recorders),
        ...(others && {
          others: {
            recorders: others.ids,
            snapshots: yield* this.#shown([others.recorder.states()], now),
            events: others.recorder.counts,
            ...timesOf(others.recorder.since)
          }
        }),
        sources: sources.map(([{ age, committed, last, source }]) => ({ source, age, behind: last - committed })),
        ended: total.ended,
        leftOut: [...leftOut].sort()
      }
    }
  )

  readonly #shown = Effect.fnUntraced(
    { self: this },
    function* (parts: ReadonlyArray<ReturnType<FoldedRecorder["states"]>>, now: number): Effect.fn.Return<Snapshots> {
      const known = parts.flatMap((metrics) => [
        Object.fromEntries(Array.from(metrics, ([name, { state }]) => [name, state])),
        Object.fromEntries(Array.from(metrics).flatMap(([name, { earlier }]) => (earlier ? [[name, earlier]] : [])))
      ])
      const quarantineOf = (metric: string) =>
        parts.map((states) => states.get(metric)?.quarantine).find((quarantine) => quarantine !== undefined)
      return yield* inSlices(this.#merger.show(known, now, quarantineOf))
    }
  )
}

const timesOf = ({ createdAt, lacksUntil }: CountedSince): Pick<StreamTotal, "createdAt" | "lacksUntil"> => ({
  createdAt: Object.fromEntries(createdAt),
  lacksUntil: Object.fromEntries(lacksUntil)
})
