/** The port to a store of events: what a store must be able to do for events that are folded elsewhere. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { MetricsStoreError } from "../model/exportErrors.ts"

/**
 * A portion of the events of a source. The batches of a source are numbered from 1, without a gap.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventBatch {
  readonly number: number
  /** A store never looks into them. */
  readonly bytes: Uint8Array
}

/**
 * Batches that a source appends.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventAppend {
  readonly namespace: string
  /** The id of the source, which no other runtime ever has. */
  readonly source: string
  /** In order. Without any, the source only shows that it is there. */
  readonly batches: ReadonlyArray<EventBatch>
  /**
   * The number of the oldest batch that the source can still send, or of the next one. A store that has lost those before it
   * goes on from there.
   */
  readonly oldest: number
  /** The source appends nothing more. */
  readonly hasEnded: boolean
}

/**
 * How a source stands after it has appended.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventEnd {
  /** The number of the last batch that the store has, or has had. */
  readonly last: number
  /** The number of the last batch that was folded. Lower than before, if the store has lost a commit. */
  readonly committed: number
  /** Its events are part of the total, and nothing was appended: what the source has further belongs to another source. */
  readonly isRetired: boolean
}

/**
 * A source as the store has it, which was not retired.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventSource {
  readonly source: string
  /** See {@link EventEnd}, as `committed`. */
  readonly last: number
  readonly committed: number
  /** See {@link EventState}. */
  readonly version: string
  /** How long ago it has appended, by the clock of the store, in milliseconds. */
  readonly age: number
  readonly hasEnded: boolean
}

/**
 * The aggregators and the sources that there are.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventMembers {
  /** The ids of the aggregators that have joined and whose time is not over. */
  readonly owners: ReadonlyArray<string>
  /** Those that were not retired. */
  readonly sources: ReadonlyArray<EventSource>
  /** The version of the total. */
  readonly total: string
}

/**
 * What is kept of a source, or of the total: what its events have come to.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventState {
  /** Another one after each commit. Empty: there was none. */
  readonly version: string
  /** The number of the last batch that is in it. */
  readonly position: number
  readonly parts: ReadonlyMap<string, Uint8Array>
}

/**
 * One of the changes that a commit makes.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventCommit {
  /** The id of the source, or the empty text for the total. */
  readonly source: string
  /** The version that this was made from. */
  readonly base: string
  /** The version that this is. */
  readonly version: string
  /** The batches up to this number are in it, and are removed. */
  readonly position: number
  /** By key; `undefined`: the part is removed. */
  readonly parts: ReadonlyMap<string, Uint8Array | undefined>
  /**
   * All other parts of the source are removed, and it appends nothing more. Refused where the store has later batches. What is
   * left is kept until it is forgotten.
   */
  readonly retires: boolean
}

/**
 * The functions of a store of events. Each of them sees the store between two others, whoever calls them from wherever.
 * All of them fail with `MetricsStoreError`, within a limited time; one that fails may have done what it was asked to.
 *
 * A store may lose the last of what it was told, as servers do that are killed before they have written to the disk. What
 * it has then must be what it had at some moment before.
 *
 * @category services
 * @since 0.2.0
 */
export interface EventStoreService {
  /** What the store is called in messages, without a password: `redis://127.0.0.1:6379`. */
  readonly place: string
  /**
   * Appends the batches that follow the last one of the source. Those that are there are passed over, and nothing is
   * appended behind a gap.
   */
  readonly append: (append: EventAppend) => Effect.Effect<EventEnd, MetricsStoreError>
  /**
   * Joins the aggregators of a namespace for so many milliseconds, and reads who and what there is. None is joined for longer
   * from then on: after the clock of the store was set back, one that has ended would stay. 0: only reads. Is called often:
   * what it takes must not grow with the sources that were retired. The id of an owner is text of up to 1500 characters, and
   * the others get it as it is.
   */
  readonly join: (namespace: string, owner: string, millis: number) => Effect.Effect<EventMembers, MetricsStoreError>
  /** Takes an aggregator from the members, so that others take its sources over at once. */
  readonly leave: (namespace: string, owner: string) => Effect.Effect<void, MetricsStoreError>
  /** Reads what is kept of a source, or of the total. */
  readonly state: (namespace: string, source: string) => Effect.Effect<EventState, MetricsStoreError>
  /**
   * Reads batches in order, from the first one after a number on, of about so many bytes together. None: the store has no
   * later ones.
   */
  readonly read: (
    namespace: string,
    source: string,
    after: number,
    bytes: number
  ) => Effect.Effect<ReadonlyArray<EventBatch>, MetricsStoreError>
  /** Makes all of the changes, or none and gives `false` if one of them was made from another version than there is. */
  readonly commit: (namespace: string, commits: ReadonlyArray<EventCommit>) => Effect.Effect<boolean, MetricsStoreError>
  /**
   * Forgets which sources were retired, if they have not appended for so many milliseconds: some thousands of them at once, as
   * it is called about once a minute.
   */
  readonly forget: (namespace: string, olderThan: number) => Effect.Effect<void, MetricsStoreError>
}

/**
 * A store of events, to which processes append what their recorders accept, and from which aggregators fold it.
 *
 * Redis and PostgreSQL are provided by `mvx-metrics/RedisStore` and `mvx-metrics/PostgresStore`. Implement the functions
 * for another store.
 *
 * @category services
 * @since 0.2.0
 */
export class EventStore extends Context.Service<EventStore, EventStoreService>()("mvx-metrics/EventStore") {}

/** The id of what the retired sources have come to. */
export const Total = ""
