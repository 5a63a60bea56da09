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
  /** A store never interprets them. */
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
  /** The id of the source, which is unique to the runtime. */
  readonly source: string
  /** The batches, in order. Without any, the source only signals that it is alive. */
  readonly batches: ReadonlyArray<EventBatch>
  /**
   * The number of the oldest batch that the source can still send, or of the next one. If a store has lost earlier
   * batches, it continues from there.
   */
  readonly oldest: number
  /** The source appends nothing more. */
  readonly hasEnded: boolean
}

/**
 * The state of a source after it has appended.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventEnd {
  /** The number of the last batch that the store has, or has had. */
  readonly last: number
  /** The number of the last batch that was folded. Lower than before, if the store has lost a commit. */
  readonly committed: number
  /**
   * Whether its events are part of the total. Then nothing was appended, and further batches must go to another source.
   */
  readonly isRetired: boolean
}

/**
 * A source in the store that was not retired.
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
  /** The time since it last appended, by the clock of the store, in milliseconds. */
  readonly age: number
  readonly hasEnded: boolean
}

/**
 * The current aggregators and sources.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventMembers {
  /** The ids of the aggregators that have joined and whose lease has not expired. */
  readonly owners: ReadonlyArray<string>
  /** Those that were not retired. */
  readonly sources: ReadonlyArray<EventSource>
  /** The version of the total. */
  readonly total: string
}

/**
 * The stored state of a source, or of the total.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventState {
  /** Changes with each commit. Empty before the first commit. */
  readonly version: string
  /** The number of the last batch in this state. */
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
  /** The version that this change is based on. */
  readonly base: string
  /** The version after this change. */
  readonly version: string
  /** The state includes the batches up to this number, which are removed. */
  readonly position: number
  /** The parts by key. `undefined` removes a part. */
  readonly parts: ReadonlyMap<string, Uint8Array | undefined>
  /**
   * Whether to retire the source. All other parts of the source are removed, and it cannot append any more. Refused if
   * the store has later batches. The rest is kept until it is forgotten.
   */
  readonly retires: boolean
}

/**
 * The functions of a store of events. Each call is atomic and isolated from all other calls, from any process. Each
 * fails with `MetricsStoreError` within a limited time. A failed call may still have had its effect.
 *
 * A store may lose its latest changes, like a server that is killed before it has written to the disk. Its contents
 * must then equal those at some earlier moment.
 *
 * @category services
 * @since 0.2.0
 */
export interface EventStoreService {
  /** The name of the store in messages, without a password: `redis://127.0.0.1:6379`. */
  readonly place: string
  /**
   * Appends the batches that follow the last one of the source. Batches that the store already has are skipped, and
   * nothing is appended after a gap.
   */
  readonly append: (append: EventAppend) => Effect.Effect<EventEnd, MetricsStoreError>
  /**
   * Joins the aggregators of a namespace for this many milliseconds, and reads the current aggregators and sources. The
   * call also shortens longer memberships to this time; otherwise, after the clock of the store was set back, an ended
   * aggregator would remain. 0 only reads. This function is called often, so its cost must not grow with the number of
   * retired sources. The id of an owner is a text of up to 1500 characters, which the others get unchanged.
   */
  readonly join: (namespace: string, owner: string, millis: number) => Effect.Effect<EventMembers, MetricsStoreError>
  /** Removes an aggregator from the members, so that the others take over its sources immediately. */
  readonly leave: (namespace: string, owner: string) => Effect.Effect<void, MetricsStoreError>
  /** Reads the stored state of a source, or of the total. */
  readonly state: (namespace: string, source: string) => Effect.Effect<EventState, MetricsStoreError>
  /**
   * Reads batches in order, starting after a number, up to about this many bytes in total. Returns none if the store
   * has no later batches.
   */
  readonly read: (
    namespace: string,
    source: string,
    after: number,
    bytes: number
  ) => Effect.Effect<ReadonlyArray<EventBatch>, MetricsStoreError>
  /** Applies all of the changes. If one of them is based on an outdated version, applies none and returns `false`. */
  readonly commit: (namespace: string, commits: ReadonlyArray<EventCommit>) => Effect.Effect<boolean, MetricsStoreError>
  /**
   * Forgets retired sources that have not appended for this many milliseconds. It is called about once a minute, so one
   * call may forget only a few thousand of them.
   */
  readonly forget: (namespace: string, olderThan: number) => Effect.Effect<void, MetricsStoreError>
}

/**
 * A store of events. Processes append the events that their recorders accept, and aggregators fold them.
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
