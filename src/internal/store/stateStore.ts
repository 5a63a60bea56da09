/** The port to a store of states: what a store must be able to do for the totals of many processes. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { MetricsStoreError } from "../model/exportErrors.ts"

/**
 * The version of the entries of a source. An epoch begins with its process. Sequence numbers count the writes of an
 * epoch, from 1.
 *
 * @category models
 * @since 0.2.0
 */
export interface SourceVersion {
  readonly epoch: number
  readonly sequence: number
}

/**
 * One write of a source: all of its entries, or those that have changed since an earlier write.
 *
 * @category models
 * @since 0.2.0
 */
export interface SourceWrite extends SourceVersion {
  readonly namespace: string
  /** The id of the source: that of a runtime, or an empty string for the total of retired sources. */
  readonly source: string
  /**
   * The sequence number of the write that this one is based on. If it is `undefined`, the write contains all entries of
   * the source and replaces the earlier ones. If it equals the sequence number of this write, nothing has changed and
   * the source only signals that it is alive.
   */
  readonly base: number | undefined
  /**
   * The bytes of changed entries, by key. A store never interprets them. A key has up to 256 UTF-16 code units, can be
   * encoded in UTF-8, and contains no NUL.
   */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** The keys of entries to remove. */
  readonly removed: ReadonlyArray<string>
  /** Whether this is the last write of the source in this epoch. */
  readonly hasEnded: boolean
  /** Whether its state outlives its process: the next process continues as the same source, in another epoch. */
  readonly isLasting: boolean
}

/**
 * The outcome of a write.
 *
 * - `written`: the store has it;
 * - `outdated`: the store already had this version or a later one, and nothing was changed;
 * - `incomplete`: the store does not have the write that this one is based on, and nothing was changed. The next
 *   write of the source includes everything;
 * - `retired`: the source was retired meanwhile, and nothing was changed. Its last states are part of the total.
 *
 * @category models
 * @since 0.2.0
 */
export type WriteOutcome = "written" | "outdated" | "incomplete" | "retired"

/**
 * A source in the store.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredSource extends SourceVersion {
  readonly source: string
  /** The time since the last write, by the clock of the store, in milliseconds. Negative if that clock was set back. */
  readonly age: number
  readonly hasEnded: boolean
  readonly isLasting: boolean
  /** `undefined` if the reader already has this version. */
  readonly entries: ReadonlyMap<string, Uint8Array> | undefined
}

/**
 * The request of a reader.
 *
 * @category models
 * @since 0.2.0
 */
export interface StatesRead {
  readonly namespace: string
  /** The versions that the reader already has, by source. Their entries are not sent again. */
  readonly known: ReadonlyMap<string, SourceVersion>
}

/**
 * Sources to merge into the total.
 *
 * @category models
 * @since 0.2.0
 */
export interface SourcesRetired {
  readonly namespace: string
  /** The sources, in the versions that the total includes. */
  readonly sources: ReadonlyMap<string, SourceVersion>
  /** The entries of the new total, which includes the sources. */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** The sequence number of the total that the new one is based on. 0 if there was none. */
  readonly base: number
}

/**
 * The functions of a store of states. Each write, read and retirement is atomic and isolated from all other calls, from
 * any process. Each function fails with `MetricsStoreError` within a limited time.
 *
 * @category services
 * @since 0.2.0
 */
export interface StateStoreService {
  /** What the store is called in messages, without a password: `redis://127.0.0.1:6379`. */
  readonly place: string
  /** Writes the entries of a source. Repeating a write has no effect, and an older write never replaces a newer one. */
  readonly write: (write: SourceWrite) => Effect.Effect<WriteOutcome, MetricsStoreError>
  /** Reads all sources of a namespace, including the total of the retired ones. */
  readonly read: (read: StatesRead) => Effect.Effect<ReadonlyArray<StoredSource>, MetricsStoreError>
  /**
   * Replaces sources by a total that includes them. Does nothing and returns `false` if the store has another version
   * of one of them, or another total than the new one is based on. A retired source can no longer write.
   */
  readonly retire: (retired: SourcesRetired) => Effect.Effect<boolean, MetricsStoreError>
  /** Forgets sources that were retired longer ago than this many milliseconds. */
  readonly forget: (namespace: string, olderThan: number) => Effect.Effect<void, MetricsStoreError>
}

/**
 * A store of states, to which each process of an application writes its counts.
 *
 * Redis and PostgreSQL are provided by `mvx-metrics/RedisStore` and `mvx-metrics/PostgresStore`. Implement the four
 * functions for another store.
 *
 * @category services
 * @since 0.2.0
 */
export class StateStore extends Context.Service<StateStore, StateStoreService>()("mvx-metrics/StateStore") {}
