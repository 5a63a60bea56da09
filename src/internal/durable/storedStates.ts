/**
 * Sends the counts of a fold to a store, for processes that add up counts: the states of each recorder as one entry.
 * Only changed entries are sent.
 */
import * as Effect from "effect/Effect"
import { Others } from "../fold/endedStates.ts"
import { keptRecord, type Lost, type MetricRecord, type PackedMetric } from "../fold/packedMetric.ts"
import type { MetricAndSaved } from "../fold/savedLane.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { shapeOf } from "../metric/definition/stateShape.ts"
import { type AboutSource, aboutKey, endedKey, liveKey, othersKey, readKey, storedKey } from "../store/entries.ts"
import { type Change, SourceWriter, StillThereMillis } from "../store/sourceWriter.ts"
import type { StateStoreService } from "../store/stateStore.ts"
import { takeAll } from "../util/takeAll.ts"
import type { DurableState } from "./durableState.ts"
import { type Identity, StateWriter } from "./format.ts"
import { LiveStates } from "./liveStates.ts"
import { type KeepingThread, type Making, StateRounds } from "./stateRounds.ts"

export interface StoredOptions extends KeepingThread {
  readonly store: StateStoreService
  readonly namespace: string
  readonly identity: Identity
  readonly intervalMillis: number
  /** Present if the state outlives the process: the store must never have more than the next process continues from. */
  readonly durable: DurableState | undefined
}

export class StoredStates extends StateRounds {
  protected readonly live: LiveStates
  readonly #options: StoredOptions
  /** The definitions of what is written, by hash. */
  readonly #shapes = new Map<string, Fingerprint>()
  /** The keys of entries that the store may not have in their current form. */
  readonly #due = new Set<string>()
  readonly #writer: SourceWriter
  #hasEnded = false
  /** See {@link LeftStates.changes}. */
  #leftChanges: number | undefined

  constructor(options: StoredOptions) {
    const { durable, fold } = options
    super(options, "store", options.intervalMillis)
    this.#options = options
    const { identity, namespace, store } = options
    this.#writer = new SourceWriter({ ...identity, store, namespace, isLasting: durable !== undefined })
    this.live = new LiveStates({
      fold,
      by: "store",
      addsUp: true,
      pack: (recorderId, each) => this.#pack(recorderId, each),
      isLeftOut: (lane) => fold.ended?.totals.has(lane) === true
    })
    fold.keepers.add("store", (end, isLast) => {
      this.#hasEnded ||= isLast
      this.ask(end)
      // What must be written before the store.
      durable?.makeDue()
    })
    this.makeDue()
  }

  /** States that cannot be added up are of no use to others. */
  #pack(recorderId: string, each: MetricAndSaved): MetricRecord | Lost | undefined {
    const { metric } = each
    if (metric.merge === undefined) return undefined
    const kept = keptRecord(recorderId, each)
    if ("lost" in kept) return kept
    const { measured } = kept.of
    if (!this.#shapes.has(measured)) this.#shapes.set(measured, shapeOf(metric))
    return kept
  }

  protected make(): Making | undefined {
    const events = this.live.events + this.#eventsOfRemoved
    this.#findDue()
    const { isFirst, refused } = this.#writer
    if (refused !== undefined) return this.#refusing(refused)
    if (isFirst) for (const key of this.#allKeys()) this.#due.add(key)
    else if (this.#due.size === 0 && !this.#hasEnded) return this.#stillThere(events)
    const { namespace } = this.#options
    const savedAt = Date.now()
    const keys = [...this.#due]
    // As of what is made now: a write in progress when the last one is requested does not count as the last.
    const hasEnded = this.#hasEnded
    const entries = new Map<string, Uint8Array>()
    const removed: Array<string> = []
    let next = 0
    let writer: StateWriter | undefined
    const goOn = (most: number): boolean => {
      if (writer === undefined && keys[next] === aboutKey) {
        const about: AboutSource = { others: this.thread.fold.ended?.forgotten ?? 0, every: this.#everyMillis }
        entries.set(aboutKey, Buffer.from(JSON.stringify(about)))
      } else if (writer === undefined) {
        const metrics = [...this.#metricsOf(keys[next]!)]
        if (metrics.length > 0) {
          const shapes = this.#options.durable?.left.shapes ?? new Map()
          const measured = new Map([...shapes, ...this.#shapes, ...(this.thread.fold.ended?.shapes ?? [])])
          const stats = this.#statsOf(keys[next]!)
          writer = new StateWriter({ namespace, savedAt, measured, shapes: new Map(), metrics, stats })
          return true
        }
        removed.push(storedKey(keys[next]!))
      } else {
        if (writer.goOn(most)) return true
        entries.set(storedKey(keys[next]!), writer.bytes)
        writer = undefined
      }
      return ++next < keys.length
    }
    return {
      goOn: (most) => keys.length > 0 && goOn(most),
      write: Effect.suspend(() => this.#write({ entries, removed, hasEnded })),
      onWritten: () => {
        for (const key of keys) this.#due.delete(key)
        if (hasEnded) this.close()
        this.thread.fold.send({ _tag: "StateWritten", by: "store", savedAt, events })
      },
      onFailed: (reason) => this.#tellFailure(reason)
    }
  }

  /** Finds what has changed since the last call. */
  #findDue(): void {
    const { durable } = this.#options
    const { ended } = this.thread.fold
    const live = takeAll(this.live.changed)
    for (const id of live) this.#due.add(liveKey(id))
    for (const id of takeAll(this.thread.fold.accounts.changed)) this.#due.add(liveKey(id))
    for (const id of ended === undefined ? [] : takeAll(ended.changed)) {
      this.#due.add(keyOfEnded(id))
      if (id === Others) this.#due.add(aboutKey)
    }
    if (durable === undefined) return
    // A recorder that continues from what its predecessor has left takes that away from there.
    for (const id of [...live, ...takeAll(durable.left.gone)]) this.#due.add(endedKey(id))
    const { changes, recorderIds } = durable.left
    if (changes !== this.#leftChanges) for (const id of recorderIds) this.#due.add(endedKey(id))
    this.#leftChanges = changes
  }

  *#allKeys(): Iterable<string> {
    yield aboutKey
    for (const id of this.live.recorderIds) yield liveKey(id)
    for (const id of this.thread.fold.ended?.ids ?? []) yield keyOfEnded(id)
    for (const id of this.#options.durable?.left.recorderIds ?? []) yield endedKey(id)
  }

  *#metricsOf(key: string): Iterable<PackedMetric> {
    const of = readKey(key)
    const { durable } = this.#options
    const { ended } = this.thread.fold
    if (of?.kind === "live") return yield* this.live.of(of.recorderId)
    const id = of?.kind === "ended" ? of.recorderId : Others
    if (ended !== undefined) yield* ended.of(id)
    for (const packed of durable?.left.of(id) ?? []) if (!this.live.has(packed)) yield packed
  }

  #statsOf(key: string): ReadonlyArray<number> | undefined {
    const of = readKey(key)
    const { accounts, ended } = this.thread.fold
    if (of?.kind === "live") return rowIn(accounts.of(of.recorderId))
    const id = of?.kind === "ended" ? of.recorderId : Others
    return rowIn(ended === undefined ? accounts.leftBy(id) : ended.accounts.get(id))
  }

  /** Readers consider a source silent after several missed writes. */
  get #everyMillis(): number {
    const interval = this.intervalMillis + (this.#options.durable?.intervalMillis ?? 0)
    return Math.max(interval, StillThereMillis)
  }

  get #eventsOfRemoved(): number {
    return this.thread.fold.ended?.events ?? this.#options.durable?.left.folded ?? 0
  }

  /** Without changes, an occasional sign of life is enough. */
  #stillThere(events: number): Making | undefined {
    const savedAt = Date.now()
    const onWritten = (): void => this.thread.fold.send({ _tag: "StateWritten", by: "store", savedAt, events })
    if (!this.#writer.isSilent) {
      onWritten()
      return undefined
    }
    return {
      goOn: () => false,
      write: this.#writer.stillThere,
      onWritten,
      onFailed: (reason) => this.#tellFailure(reason)
    }
  }

  #write(change: Change): Effect.Effect<boolean, unknown> {
    const { durable } = this.#options
    const told = this.#writer.write(change)
    if (durable === undefined) return told
    const isKept = Effect.callback<void, Error>((resume) =>
      durable.ask(
        (failure) => resume(failure === undefined ? Effect.void : Effect.fail(new Error(notKept(failure)))),
        this.isAsked
      )
    )
    return Effect.andThen(isKept, told)
  }

  /** Pending requests for a write are told that there is none. */
  #refusing(reason: string): Making {
    return {
      goOn: () => false,
      write: Effect.fail(new Error(reason)),
      onWritten: () => {},
      onFailed: (reason) => this.#tellFailure(reason)
    }
  }

  #tellFailure(reason: string): void {
    this.thread.fold.send({ _tag: "StateNotWritten", by: "store", reason })
  }
}

const rowIn = (row: Float64Array | undefined): ReadonlyArray<number> | undefined => row && [...row]

const keyOfEnded = (id: string): string => (id === Others ? othersKey : endedKey(id))

const notKept = (reason: string): string => `the durable state, which is written first, was not written: ${reason}`
