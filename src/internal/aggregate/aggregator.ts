/**
 * Folds the events of sources from a store, and commits the results together with the position, so that each batch is
 * folded exactly once, whatever ends at what time. Aggregators share the sources: each folds the sources assigned to it
 * by the ids of all aggregators. While assignments change, two aggregators may fold the same batch; the store accepts
 * one of their commits.
 */
import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { previousSource } from "../shipping/batchFormat.ts"
import { type EventSource, type EventStoreService, Total } from "../store/eventStore.ts"
import { describeError } from "../util/describeError.ts"
import { nextTurn } from "../util/eventLoopTurn.ts"
import type { FoldedMetrics } from "./foldedMetrics.ts"
import { FoldedSource } from "./foldedSource.ts"
import { FoldedTotal } from "./foldedTotal.ts"
import { ownerOf } from "./ownerOf.ts"
import { aggregatorId, nameOf, WantedMetrics } from "./wantedMetrics.ts"

/** The number of bytes of batches between two commits, as stored. In memory they take several times that. */
const CommitBytes = 1024 * 1024

/** The number of failures of the store in one round after which it counts as down. */
const MostFailures = 8

/** The operation of an error that concerns a source, not the store. */
const Folding = "fold"

/** The interval in milliseconds at which retired sources are forgotten. */
const ForgetsEvery = 60_000

/** The number of sources in progress at once: while one is read or committed, another is folded. */
const AtOnce = 4

export interface AggregatorOptions {
  readonly store: EventStoreService
  readonly namespace: string
  readonly metrics: FoldedMetrics
  /** How long an aggregator may be silent before others take over its sources, in milliseconds. */
  readonly leaseMillis: number
  /** How long a source that has not ended may be silent before it counts as ended. */
  readonly silentMillis: number
  /** How long retired sources are remembered. */
  readonly rememberMillis: number
  /** The maximum number of recorder ids whose totals are kept separately. */
  readonly maxEnded: number
}

/** A source that this aggregator folds. */
interface Owned {
  readonly folded: FoldedSource
  version: string
  position: number
}

export class Aggregator {
  readonly id: string
  readonly #options: AggregatorOptions
  readonly #wanted: WantedMetrics
  readonly #owned = new Map<string, Owned>()
  /** Since when the store could be used, by a monotonic clock. Before that no source could append. */
  #usableSince: number | undefined
  /** When long retired sources were last forgotten. */
  #forgotAt = 0
  /** The number of batches folded and committed. */
  batches = 0

  constructor(options: AggregatorOptions) {
    const { metrics } = options
    this.id = aggregatorId(metrics.byName.values())
    this.#wanted = new WantedMetrics(this.id)
    const isWanted: FoldedMetrics["isWanted"] = (name, measured) => this.#wanted.has(name, measured)
    this.#options = { ...options, metrics: { ...metrics, isWanted } }
  }

  /** The sources that it folds. */
  get sources(): ReadonlyArray<string> {
    return [...this.#owned.keys()]
  }

  /**
   * Folds and commits what there is of its sources. A source that fails does not delay the others: the round fails
   * after all had their turn. If a retired source continues because the store has lost its retirement, it waits until
   * it is retired again.
   */
  readonly round: Effect.Effect<void, MetricsStoreError> = Effect.gen({ self: this }, function* () {
    const { leaseMillis, namespace, rememberMillis, silentMillis, store } = this.#options
    const { owners, sources } = yield* Effect.onError(store.join(namespace, this.id, leaseMillis), () => this.#unusable)
    const present = new Set(sources.map(({ source }) => source))
    const [name, names] = [nameOf(this.id), owners.map(nameOf)]
    const own = sources.filter(
      ({ source }) => ownerOf(source, names) === name && !present.has(previousSource(source) ?? "")
    )
    const ids = new Set(own.map(({ source }) => source))
    for (const source of this.#owned.keys()) if (!ids.has(source)) this.#owned.delete(source)
    const now = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
    this.#wanted.see(owners, now)
    if (this.#usableSince === undefined) this.#usableSince = this.#forgotAt = now
    const usableFor = now - this.#usableSince
    const failed: Array<MetricsStoreError> = []
    yield* Effect.forEach(
      own,
      (source) =>
        Effect.catch(this.#goOn(source, Math.min(source.age, usableFor) > silentMillis), (error) => {
          failed.push(error)
          const isDown = failed.filter(({ operation }) => operation !== Folding).length >= MostFailures
          return isDown ? Effect.andThen(this.#unusable, Effect.fail(error)) : Effect.void
        }),
      { concurrency: AtOnce, discard: true }
    )
    if (now - this.#forgotAt >= ForgetsEvery) {
      this.#forgotAt = now
      yield* store.forget(namespace, rememberMillis)
    }
    if (failed.length > 0) return yield* failed[0]!
  })

  readonly #unusable = Effect.sync(() => {
    this.#usableSince = undefined
  })

  /** Hands its sources over to the others. */
  readonly leave: Effect.Effect<void, MetricsStoreError> = Effect.suspend(() => {
    this.#owned.clear()
    return this.#options.store.leave(this.#options.namespace, this.id)
  })

  /**
   * A failed operation may have taken effect, so it continues from what the store has. A source that cannot be read,
   * such as one stored by a newer version of this package, waits for an aggregator that can read it.
   */
  #goOn(source: EventSource, isSilent: boolean): Effect.Effect<void, MetricsStoreError> {
    const { place } = this.#options.store
    return this.#fold(source, isSilent).pipe(
      Effect.catchDefect((defect) => {
        const reason = `of the source "${source.source}": ${describeError(defect)}`
        return Effect.fail(new MetricsStoreError({ store: place, operation: Folding, reason }))
      }),
      Effect.onError(() => Effect.sync(() => void this.#owned.delete(source.source)))
    )
  }

  readonly #fold = Effect.fnUntraced(
    { self: this },
    function* (found: EventSource, isSilent: boolean): Effect.fn.Return<void, MetricsStoreError> {
      const { namespace, store } = this.#options
      const { source } = found
      const known = this.#owned.get(source)
      // Otherwise another aggregator has folded it meanwhile, or the store has lost a commit.
      const owned = known?.position === found.committed ? known : yield* this.#load(source)
      this.#owned.set(source, owned)
      while (found.last > owned.position) {
        const batches = yield* store.read(namespace, source, owned.position, CommitBytes)
        const last = batches.at(-1)
        if (last === undefined) break
        const now = yield* Clock.currentTimeMillis
        for (const { bytes, number } of batches) {
          owned.folded.fold(bytes, number, now)
          yield* nextTurn
        }
        if (!(yield* this.#commit(source, owned, last.number))) return
        this.batches += batches.length
        if (last.number >= found.last) break
      }
      if (!(found.hasEnded || isSilent) || found.last > owned.position) return
      // A total would not contain them. An aggregator that knows them may come back.
      const waits = owned.folded.hasForeignStates && found.age <= this.#options.rememberMillis
      if (!waits) yield* this.#retire(source, owned)
    }
  )

  readonly #load = Effect.fnUntraced({ self: this }, function* (source: string): Effect.fn.Return<
    Owned,
    MetricsStoreError
  > {
    const { metrics, namespace, store } = this.#options
    const { parts, position, version } = yield* store.state(namespace, source)
    const previous = previousSource(source)
    const left = version === "" && previous !== undefined ? (yield* store.state(namespace, previous)).parts : undefined
    return { folded: new FoldedSource(metrics, parts, left), position, version }
  })

  /** `false`: another aggregator has committed meanwhile, or the store has lost this one's state. */
  readonly #commit = Effect.fnUntraced(
    { self: this },
    function* (source: string, owned: Owned, position: number): Effect.fn.Return<boolean, MetricsStoreError> {
      const { namespace, store } = this.#options
      const version = randomUUID()
      const { folded } = owned
      const commit = { source, base: owned.version, version, position, parts: folded.changes(), retires: false }
      const isTaken = yield* store.commit(namespace, [commit])
      if (!isTaken) {
        this.#owned.delete(source)
        return false
      }
      folded.stored()
      owned.version = version
      owned.position = position
      return true
    }
  )

  /** Adds the results of a source to the total, and releases the source. */
  readonly #retire = Effect.fnUntraced(
    { self: this },
    function* (source: string, { folded, position, version }: Owned): Effect.fn.Return<void, MetricsStoreError> {
      const { maxEnded, metrics, namespace, store } = this.#options
      const kept = yield* store.state(namespace, Total)
      const total = new FoldedTotal(metrics, kept.parts)
      const left = folded.left()
      total.absorb(folded, maxEnded)
      // If this is rejected, both are read again in the next round.
      this.#owned.delete(source)
      yield* store.commit(namespace, [
        {
          source,
          base: version,
          version: randomUUID(),
          position,
          parts: left,
          retires: true
        },
        {
          source: Total,
          base: kept.version,
          version: randomUUID(),
          position: 0,
          parts: total.changes(),
          retires: false
        }
      ])
    }
  )
}
