/**
 * Merges the states that the processes of an application have written to a store. The states of a source are read again
 * only when they have changed.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { ended as endedStats, none, plus, silent } from "../merging/accounts.ts"
import type { Known } from "../merging/mergedParts.ts"
import { Merger, type MergerOptions, type Others, type Total } from "../merging/merger.ts"
import { keyOf, type LeftOut, type Misfit } from "../merging/misfits.ts"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import type { Stats } from "../model/stats.ts"
import type { SourceVersion, StateStoreService, StoredSource } from "../store/stateStore.ts"
import { inSlices } from "../util/inSlices.ts"
import { Liveness } from "./liveness.ts"
import { isRetirable, retired } from "./retiring.ts"
import { type SourceStates, sourceStates, type UnreadablePart } from "./sourceStates.ts"

/**
 * A source of states: the runtime of a process of the application.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoreSource {
  readonly id: string
  /**
   * - `running`: it has written within `timeToLive`;
   * - `silent`: it has not, because it was killed, is suspended, or cannot reach the store. Its counts stay, and its
   *   levels do not count;
   * - `ended`: it shut down in an orderly way, with everything counted.
   */
  readonly state: "running" | "silent" | "ended"
  /** The time since its last write, as seen by the reader, in milliseconds. */
  readonly age: number
  /** Whether its state is durable, so that the next process continues as the same source. */
  readonly isLasting: boolean
}

/**
 * An entry of a source that cannot be read, because it is damaged or was written by a later version.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unreadable extends UnreadablePart {
  /** The id of the source. An empty string stands for the total of ended sources. */
  readonly source: string
}

/**
 * The recorders of all processes together.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoreReport {
  /** Time of the reader's clock when the report was made, in milliseconds since the Unix epoch. */
  readonly at: number
  /** The recorders by id, ended ones included. */
  readonly recorders: { readonly [recorderId: string]: Total }
  /** The merged counts of ended recorders whose ids are no longer kept separately. Absent if there are none. */
  readonly others?: Others
  /**
   * Metrics that processes define differently from the reader (other labels, boundaries or unit, another kind). They
   * are in no total. Absent if there are none.
   */
  readonly leftOut?: ReadonlyArray<LeftOut<string>>
  /** Entries of the store that cannot be read. They are in no total. Absent if there are none. */
  readonly unreadable?: ReadonlyArray<Unreadable>
  /** The sources whose counts are kept separately. */
  readonly sources: ReadonlyArray<StoreSource>
  /** The number of ended sources, including those that were merged into one total. */
  readonly ended: number
  /** The time since the least recent write of a running source, in milliseconds. 0 if no source is running. */
  readonly age: number
}

export interface ReaderOptions extends Pick<MergerOptions, "metrics" | "isLevel" | "onProblem"> {
  readonly store: StateStoreService
  readonly namespace: string
  /** In milliseconds, like the fields below. */
  readonly timeToLive: number
  readonly retireAfter: number
  /** The maximum number of recorder ids whose totals are kept separately when sources are retired. */
  readonly maxEnded: number
  /** Whether this reader retires sources. */
  readonly retires: boolean
}

interface Cached extends SourceVersion {
  readonly states: SourceStates
}

export class StoreReader {
  readonly #options: ReaderOptions
  readonly #merger: Merger
  readonly #cache = new Map<string, Cached>()
  readonly #liveness = new Liveness()
  readonly #inTurn = Semaphore.makeUnsafe(1)

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#merger = new Merger({ ...options, reader: "the reader", layer: "MetricsStore.layerReader" })
  }

  get report(): Effect.Effect<StoreReport, MetricsStoreError> {
    return this.#inTurn.withPermit(this.#report)
  }

  readonly #report = Effect.gen({ self: this }, function* () {
    const { namespace, store } = this.#options
    const stored = yield* store.read({ namespace, known: this.#cache })
    this.#liveness.see(stored, Number((yield* Clock.monotonicTimeNanos) / 1_000_000n))
    const ids = new Set(stored.map(({ source }) => source))
    for (const source of this.#cache.keys()) if (!ids.has(source)) this.#cache.delete(source)
    for (const { entries, epoch, sequence, source } of stored) {
      if (entries === undefined) continue
      this.#cache.set(source, { epoch, sequence, states: sourceStates(this.#merger, namespace, source, entries) })
      // Lets other fibers run.
      yield* Effect.yieldNow
    }
    const at = yield* Clock.currentTimeMillis
    const report = yield* this.#merged(stored, at)
    if (this.#options.retires) yield* this.#retire(stored, at)
    return report
  })

  #isRunning({ hasEnded, source }: StoredSource): boolean {
    return !hasEnded && this.#liveness.silence(source) <= this.#timeToLive(source)
  }

  /** A source counts as silent only after it has missed several writes. */
  #timeToLive(source: string): number {
    const { every = 0 } = this.#cache.get(source)!.states.about
    return Math.max(this.#options.timeToLive, MissedWrites * every)
  }

  readonly #merged = Effect.fnUntraced(
    { self: this },
    function* (stored: ReadonlyArray<StoredSource>, at: number): Effect.fn.Return<StoreReport> {
      const merger = this.#merger
      const parts = new Map<string, { readonly states: Array<Known>; stats: Stats | undefined; processes: number }>()
      const others: Array<Known> = []
      let [forgotten, statsOfOthers] = [0, none]
      const add = (recorderId: string, states: Known, stats: Stats, processes: number): void => {
        const of = parts.get(recorderId) ?? { states: [], stats: undefined, processes: 0 }
        of.stats = plus(of.stats, stats)
        parts.set(recorderId, of)
        of.states.push(states)
        of.processes += processes
      }
      const sources: Array<StoreSource> = []
      let ended = 0
      // Running sources come last, so that their state is that of the recorder.
      const inOrder = [...stored].sort((one, other) => Number(this.#isRunning(one)) - Number(this.#isRunning(other)))
      for (const each of inOrder) {
        const { states } = this.#cache.get(each.source)!
        const isRunning = this.#isRunning(each)
        for (const { recorderId, states: left, stats } of states.ended) {
          add(recorderId, merger.rewound(left, at), endedStats(stats), 0)
        }
        for (const { recorderId, states: live, stats } of states.live) {
          if (isRunning) add(recorderId, live, stats, 1)
          else
            add(recorderId, merger.rewound(merger.remains(live), at), (each.hasEnded ? endedStats : silent)(stats), 0)
        }
        for (const { states: left, stats } of states.others) {
          others.push(merger.rewound(left, at))
          statsOfOthers = plus(statsOfOthers, stats)
        }
        forgotten += states.about.others
        ended += states.about.retired ?? 0
        if (each.source === "") continue
        const { hasEnded, isLasting, source: id } = each
        const age = this.#liveness.silence(id)
        if (hasEnded) ended++
        sources.push({ id, state: isRunning ? "running" : hasEnded ? "ended" : "silent", age, isLasting })
      }
      const recorders: Array<readonly [string, Total]> = []
      for (const [recorderId, { processes, states, stats = none }] of parts) {
        const snapshots = yield* inSlices(merger.show(states, at))
        recorders.push([recorderId, { snapshots, stats, processes }])
      }
      const leftOut = this.#leftOut(stored)
      const unreadable = stored.flatMap(({ source }) =>
        this.#cache.get(source)!.states.unreadable.map((part) => ({ source, ...part }))
      )
      const ofOthers = yield* inSlices(merger.show(others, at))
      return {
        at,
        recorders: Object.fromEntries(recorders),
        ...(others.length > 0 && {
          others: { recorders: forgotten, snapshots: ofOthers, stats: statsOfOthers }
        }),
        ...(leftOut.length > 0 && { leftOut }),
        ...(unreadable.length > 0 && { unreadable }),
        sources,
        ended,
        age: sources.reduce((oldest, { age, state }) => (state === "running" ? Math.max(oldest, age) : oldest), 0)
      }
    }
  )

  #leftOut(stored: ReadonlyArray<StoredSource>): ReadonlyArray<LeftOut<string>> {
    const all = new Map<string, { readonly misfit: Misfit; readonly running: Set<string>; ended: number }>()
    for (const each of stored) {
      const isRunning = this.#isRunning(each)
      for (const misfit of this.#cache.get(each.source)!.states.misfits) {
        const found = all.get(keyOf(misfit)) ?? { misfit, running: new Set<string>(), ended: 0 }
        all.set(keyOf(misfit), found)
        if (isRunning) found.running.add(each.source)
        else found.ended++
      }
    }
    return Array.from(all.values(), ({ ended, misfit, running }) => ({ ...misfit, processes: [...running], ended }))
  }

  /** Merges ended sources if there are many of them. If that fails, a later report does it. */
  #retire(stored: ReadonlyArray<StoredSource>, now: number): Effect.Effect<void> {
    const { maxEnded, namespace, retireAfter, store } = this.#options
    const statesOf = (source: string): SourceStates => this.#cache.get(source)!.states
    const due = stored.filter((each) => {
      const { source } = each
      // A change of the store's clock makes no source silent: this reader has seen for itself that nothing arrives.
      const isSilent = (millis: number) =>
        this.#liveness.silence(source) > millis && this.#liveness.watched(source) >= this.#timeToLive(source)
      return isRetirable(each, statesOf(source), isSilent, retireAfter)
    })
    if (due.length <= KeptApart) return Effect.void
    const total = stored.find(({ source }) => source === "")
    const replaced = retired({
      merger: this.#merger,
      metrics: this.#options.metrics,
      namespace,
      total: total && statesOf(""),
      sources: due.map(({ source }) => statesOf(source)),
      maxEnded,
      now
    })
    if (replaced === undefined) return Effect.void
    return store
      .retire({
        namespace,
        base: total?.sequence ?? 0,
        sources: new Map(due.map(({ epoch, sequence, source }) => [source, { epoch, sequence }])),
        entries: replaced
      })
      .pipe(
        Effect.andThen(store.forget(namespace, ForgetAfter)),
        Effect.catch(({ message }) => Effect.sync(() => this.#merger.problem(message)))
      )
  }
}

/** The minimum number of writes that a source must have missed. */
const MissedWrites = 3

/** The number of ended sources that are kept separately, so that reports name them. */
const KeptApart = 100

/** How long writes of a retired source are refused: 30 days, in milliseconds. */
const ForgetAfter = 30 * 24 * 60 * 60 * 1000
