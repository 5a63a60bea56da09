/**
 * Writes what the primary knows of its processes to a store, as one source, in the same way as a runtime writes its
 * counts. A host is therefore one source, however many processes it has.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import type { DurableStats } from "../model/runtimeStats.ts"
import { type AboutSource, aboutKey, storedKey } from "../store/entries.ts"
import { SourceWriter, StillThereMillis } from "../store/sourceWriter.ts"
import type { StateStoreService } from "../store/stateStore.ts"
import { storedEntry } from "../storeReader/storedEntry.ts"
import type { LedgerParts } from "./ledger.ts"

export interface StoreWriterOptions {
  readonly store: StateStoreService
  readonly namespace: string
  readonly intervalMillis: number
  readonly metrics: ReadonlyArray<Metric.Any>
  /** Sends a request to the processes, and returns what is known then. */
  readonly parts: (hasEnded: boolean) => Effect.Effect<LedgerParts>
  /** The number of events that the processes have accepted, by their last reports. */
  readonly accepted: () => number
}

export class StoreWriter {
  readonly #options: StoreWriterOptions
  readonly #writer: SourceWriter
  /** The contents of the store, by key. */
  #written: ReadonlyMap<string, Uint8Array> = new Map()
  #progress: Omit<DurableStats, "unsaved"> = { savedAt: undefined, failures: 0, failure: undefined, discarded: 0 }
  #events = 0

  constructor(options: StoreWriterOptions) {
    const { namespace, store } = options
    this.#options = options
    this.#writer = new SourceWriter({ store, namespace, source: crypto.randomUUID(), epoch: 1, isLasting: false })
  }

  get stats(): DurableStats {
    return { ...this.#progress, unsaved: Math.max(0, this.#options.accepted() - this.#events) }
  }

  /** Writes what has changed. `hasEnded`: for the last time. Must not run twice at once. */
  readonly write = Effect.fnUntraced({ self: this }, function* (hasEnded = false): Effect.fn.Return<void, Error> {
    const { accepted, parts } = this.#options
    const known = yield* parts(hasEnded)
    const events = accepted()
    const entries = yield* this.#entriesOf(known)
    yield* Effect.tapError(this.#tell(entries, hasEnded), ({ message }) =>
      Effect.sync(() => {
        this.#progress = { ...this.#progress, failures: this.#progress.failures + 1, failure: message }
      })
    )
    this.#events = events
    this.#progress = { ...this.#progress, savedAt: Date.now(), failure: undefined }
  })

  readonly #entriesOf = Effect.fnUntraced({ self: this }, function* ({ others, parts }: LedgerParts): Effect.fn.Return<
    ReadonlyMap<string, Uint8Array>,
    Error
  > {
    const { intervalMillis, metrics, namespace } = this.#options
    const about: AboutSource = { others, every: Math.max(intervalMillis, StillThereMillis) }
    const entries = new Map<string, Uint8Array>([[aboutKey, Buffer.from(JSON.stringify(about))]])
    for (const { key, ...part } of parts) {
      // Without a time, so that unchanged entries have equal bytes.
      const bytes = yield* Effect.try({
        try: () => storedEntry({ namespace, metrics, savedAt: 0, ...part }),
        catch: (error) => error as Error
      })
      if (bytes !== undefined) entries.set(storedKey(key), bytes)
      // Lets other fibers run.
      yield* Effect.yieldNow
    }
    return entries
  })

  #tell(entries: ReadonlyMap<string, Uint8Array>, hasEnded: boolean): Effect.Effect<void, Error> {
    const { isFirst, isSilent, refused } = this.#writer
    if (refused !== undefined) return Effect.fail(new Error(refused))
    const before = isFirst ? new Map<string, Uint8Array>() : this.#written
    const changed = new Map([...entries].filter(([key, bytes]) => !isSame(before.get(key), bytes)))
    const removed = [...before.keys()].filter((key) => !entries.has(key))
    if (!isFirst && !hasEnded && changed.size === 0 && removed.length === 0) {
      return isSilent ? this.#orAll(this.#writer.stillThere, entries, hasEnded) : Effect.void
    }
    return Effect.tap(
      this.#orAll(this.#writer.write({ entries: changed, removed, hasEnded }), entries, hasEnded),
      Effect.sync(() => {
        this.#written = entries
      })
    )
  }

  /** Writes everything if the store has less than was written to it. */
  #orAll(
    told: Effect.Effect<boolean, Error>,
    entries: ReadonlyMap<string, Uint8Array>,
    hasEnded: boolean
  ): Effect.Effect<void, Error> {
    return Effect.flatMap(told, (isThere) => (isThere ? Effect.void : this.#tell(entries, hasEnded)))
  }
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && Buffer.compare(one, other) === 0
