/** The port to a store of states: what a store must be able to do for the totals of many processes. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { MetricsStoreError } from "../model/exportErrors.ts"

/**
 * The version of what a source has written. An epoch begins when its process does; sequence numbers count the writes of an
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
  /** The id of the source. That of a runtime, or the empty text for the total of the sources that were retired. */
  readonly source: string
  /**
   * The sequence number of the write that this one builds upon. `undefined`: the write has all entries of the source, and
   * what there was before is removed. Its own: nothing has changed, and the source is still there.
   */
  readonly base: number | undefined
  /**
   * By key, the bytes of what has changed. A store never looks into them. A key has at most 256 UTF-16 code units, all of
   * which UTF-8 can have, and no NUL.
   */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** The keys of entries that are to be removed. */
  readonly removed: ReadonlyArray<string>
  /** The source writes no more in this epoch. */
  readonly hasEnded: boolean
  /** Its state outlives its process: the next one goes on as the same source, in another epoch. */
  readonly isLasting: boolean
}

/**
 * What has become of a write.
 *
 * - `written`: the store has it;
 * - `outdated`: the store had this version or a later one, and nothing was changed;
 * - `incomplete`: the store does not have the write that this one builds upon, and nothing was changed. The source writes
 *   everything next;
 * - `retired`: the source was retired meanwhile, and nothing was changed. Its last states are part of the total.
 *
 * @category models
 * @since 0.2.0
 */
export type WriteOutcome = "written" | "outdated" | "incomplete" | "retired"

/**
 * A source as the store has it.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredSource extends SourceVersion {
  readonly source: string
  /** How long ago it was written, by the clock of the store, in milliseconds: less than 0 where that was set back. */
  readonly age: number
  readonly hasEnded: boolean
  readonly isLasting: boolean
  /** `undefined`: the version is the one that the reader has. */
  readonly entries: ReadonlyMap<string, Uint8Array> | undefined
}

/**
 * What a reader asks for.
 *
 * @category models
 * @since 0.2.0
 */
export interface StatesRead {
  readonly namespace: string
  /** The versions that the reader has already, by source. Their entries are not sent again. */
  readonly known: ReadonlyMap<string, SourceVersion>
}

/**
 * Sources that become part of the total.
 *
 * @category models
 * @since 0.2.0
 */
export interface SourcesRetired {
  readonly namespace: string
  /** The sources, in the versions that the total has. */
  readonly sources: ReadonlyMap<string, SourceVersion>
  /** The entries of the total that includes them. */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** The sequence number of the total that this one was made from. 0: there was none. */
  readonly base: number
}

/**
 * The functions of a store of states. A write, a read and a retirement each see the store between two others, whoever
 * calls them from wherever. All of them fail with `MetricsStoreError`, within a limited time.
 *
 * @category services
 * @since 0.2.0
 */
export interface StateStoreService {
  /** What the store is called in messages, without a password: `redis://127.0.0.1:6379`. */
  readonly place: string
  /** Writes what a source has. The same write twice is one write, and an older one never replaces a newer one. */
  readonly write: (write: SourceWrite) => Effect.Effect<WriteOutcome, MetricsStoreError>
  /** Reads all sources of a namespace, the total of the retired ones among them. */
  readonly read: (read: StatesRead) => Effect.Effect<ReadonlyArray<StoredSource>, MetricsStoreError>
  /**
   * Puts a total in the place of sources that are part of it. Does nothing, and gives `false`, if one of them is not there
   * in this version, or if the total is not the one that this was made from. A source that was retired cannot write.
   */
  readonly retire: (retired: SourcesRetired) => Effect.Effect<boolean, MetricsStoreError>
  /** Forgets which sources were retired longer ago than so many milliseconds. */
  readonly forget: (namespace: string, olderThan: number) => Effect.Effect<void, MetricsStoreError>
}

/**
 * A store of states, in which each process of an application leaves what it has counted.
 *
 * Redis and PostgreSQL are provided by `mvx-metrics/RedisStore` and `mvx-metrics/PostgresStore`. Implement the four
 * functions for another store.
 *
 * @category services
 * @since 0.2.0
 */
export class StateStore extends Context.Service<StateStore, StateStoreService>()("mvx-metrics/StateStore") {}
