/** What all sources have come to, from what lies in a store. */
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
  /** Processes that have, or had, such a recorder and are not taken for ended. */
  readonly processes: number
  /**
   * By the name of a metric, since when it counts: the time of the first event that it could have counted, in milliseconds
   * since the Unix epoch.
   */
  readonly createdAt: { readonly [metric: string]: number }
  /**
   * Metrics that processes had before the first aggregator: by name, the time of the last event that is not in it. Every later
   * event is.
   */
  readonly lacksUntil: { readonly [metric: string]: number }
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
  /**
   * The names of metrics that processes have, and that are not in the report, are defined differently there, or miss events:
   * an aggregator with other metrics has folded them, or the metric was quarantined in a process that has ended.
   */
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

/** What was read at a version. */
interface Cached<A> {
  readonly version: string
  readonly value: A
}

/** What recorders of an id have come to. */
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

/** Makes reports. Those who ask at once share one. What a source has come to is read again only when it has changed. */
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

  /** By the clock of whoever asks first. */
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

  /** `undefined`: sources were retired meanwhile, so that some may be in neither or both. */
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
        // Others have their turn.
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
      const shown = yield* inSlices(this.#merger.show(known, now))
      return Object.fromEntries(
        Object.entries(shown).map(([name, one]) => {
          const { quarantine } = parts.find((states) => states.get(name)?.quarantine !== undefined)?.get(name) ?? {}
          return [name, quarantine === undefined ? one : { ...one, quarantine }]
        })
      )
    }
  )
}

const timesOf = ({ createdAt, lacksUntil }: CountedSince): Pick<StreamTotal, "createdAt" | "lacksUntil"> => ({
  createdAt: Object.fromEntries(createdAt),
  lacksUntil: Object.fromEntries(lacksUntil)
})
