/**
 * Keeps what a fold knows beyond its process: everything when it begins, and from then on what has changed, at intervals.
 *
 * The state is collected lane by lane and made into bytes part by part, each between two reads of pages, so that the fold
 * never stands still for more than a part. The bytes are then written beside the fold. A write that fails stops nothing:
 * the next one has all that it had.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { KeyValueStore } from "effect/persistence/KeyValueStore"
import type { Fold } from "../fold/fold.ts"
import { LeftStates, type PackedMetric } from "../fold/leftStates.ts"
import { DurableStateError } from "../model/runtimeErrors.ts"
import type { DurableSettings, Lane } from "../stream/protocol.ts"
import { messageOf } from "../util/describeError.ts"
import { LongestTimer } from "../util/liveClock.ts"
import { readState, StateWriter } from "./format.ts"
import { LiveStates } from "./liveStates.ts"
import { keyOf, placeOf } from "./places.ts"

/** About so much is collected or copied between two reads of pages. */
const PartBytes = 256 * 1024

/** The thread in which the fold runs. */
export interface DurableThread {
  readonly fold: Fold
  /** Up to where no other fold will begin: {@link LeftStates.forget}. */
  readonly covered: () => number
  /** {@link DurableState.goOn} has something to do. */
  readonly wake: () => void
  /** Runs an effect while the fold goes on. */
  readonly beside: (effect: Effect.Effect<void>) => void
}

export interface DurableOptions extends DurableThread {
  readonly store: KeyValueStore
  readonly settings: DurableSettings
}

/** A state that is being collected, made or written. */
interface Round {
  lanes: ReadonlyArray<Lane>
  next: number
  readonly tickets: ReadonlyArray<number>
  writer: StateWriter | undefined
  events: number
  savedAt: number
  leftChanges: number
}

export class DurableState {
  readonly #options: DurableOptions
  readonly #left: LeftStates
  readonly #live: LiveStates
  #leftChanges = 0
  #isDue = false
  #tickets: Array<number> = []
  #round: Round | undefined
  #isWriting = false
  #isClosed = false
  /** Whether nothing was collected yet. */
  #isFirst = true
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: DurableOptions) {
    const { fold, settings } = options
    this.#options = options
    this.#left = new LeftStates({ levels: settings.levels })
    this.#live = new LiveStates(fold, this.#left)
    fold.left = this.#left
    fold.onPersist = (ticket) => {
      this.#tickets.push(ticket)
      this.#makeDue()
    }
  }

  get reads(): boolean {
    return this.#options.settings.reads
  }

  /** Reads what was written, before the fold reads anything. */
  get load(): Effect.Effect<void, DurableStateError> {
    const { settings, store } = this.#options
    const { namespace } = settings
    const refused = (problem: DurableStateError["problem"], reason: string) =>
      new DurableStateError({ path: placeOf(settings), problem, reason })
    return Effect.gen({ self: this }, function* () {
      if (settings.reads) {
        const bytes = yield* Effect.mapError(store.getUint8Array(keyOf(namespace)), (error) =>
          refused("unreadable", `could not be read: ${error.message}`)
        )
        if (bytes !== undefined) {
          const kept = readState(bytes, namespace)
          if ("problem" in kept) return yield* Effect.fail(refused(kept.problem, kept.reason))
          const now = Date.now()
          // A recorder that was there at the end is missed from now on, however long there was no process.
          const metrics = kept.metrics
            .map((packed) => ({ ...packed, goneSince: packed.goneSince ?? now }))
            .filter(({ goneSince }) => goneSince === now || goneSince > now - settings.keepMillis)
          this.#left.begin(metrics, kept.measured)
          this.#wrote(kept.savedAt, 0)
        }
      }
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#isClosed) return
    const { intervalMillis } = this.#options.settings
    this.#timer = setTimeout(() => this.#makeDue(), Math.min(intervalMillis, LongestTimer))
    if (typeof this.#timer === "object") this.#timer.unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #makeDue(): void {
    this.#isDue = true
    this.#options.wake()
  }

  /** Whether {@link goOn} has something to do. */
  get isPending(): boolean {
    return !this.#isWriting && !this.#isClosed && (this.#round !== undefined || this.#mayBegin)
  }

  /** What was written is never replaced by less. */
  get #mayBegin(): boolean {
    return this.#isDue && this.#options.fold.hasCaughtUp
  }

  /** Between two reads of pages: does a part of what is due. Whether there is more of it. */
  goOn(): boolean {
    if (!this.isPending) return false
    // It is asked again.
    if (this.#options.fold.isAbsorbing) return true
    this.#round ??= this.#begin()
    const round = this.#round
    if (round.writer === undefined) {
      for (let bytes = 0; round.next < round.lanes.length && bytes < PartBytes; round.next++) {
        const collected = this.#live.collect(round.lanes[round.next]!)
        // The memory for a large one is made ready part by part.
        if (collected === undefined) return true
        bytes += collected
      }
      if (round.next < round.lanes.length) return true
      // What is written has of each event either the recorder that took it, or the total that it was left to.
      const totals = this.#options.fold.totals.take("durable")
      if (totals.length > 0) {
        round.lanes = [...round.lanes, ...totals]
        return true
      }
      if (!this.#isChanged) {
        this.#wrote(Date.now(), this.#live.events)
        this.#end(round, undefined)
        return this.isPending
      }
      this.#make(round)
      return true
    }
    if (round.writer.goOn(PartBytes)) return true
    this.#write(round, round.writer.bytes)
    return false
  }

  get #isChanged(): boolean {
    return this.#live.isDirty || this.#leftChanges !== this.#left.changes
  }

  #begin(): Round {
    this.#isDue = false
    const tickets = this.#tickets
    this.#tickets = []
    const { fold } = this.#options
    const touched = fold.touched.take("durable")
    // Lanes that were restored are not touched by that.
    const lanes = this.#isFirst ? fold.openLanes : touched
    this.#isFirst = false
    return { lanes, next: 0, tickets, writer: undefined, events: 0, savedAt: 0, leftChanges: 0 }
  }

  /** From here on it is what will be written, whatever is folded meanwhile. */
  #make(round: Round): void {
    const metrics: Array<PackedMetric> = []
    const savedAt = Date.now()
    round.events = this.#live.events
    for (const packed of this.#left.states()) {
      if (this.#live.has(packed.recorderId, packed.name)) continue
      metrics.push({ ...packed, goneSince: packed.goneSince ?? savedAt })
    }
    metrics.push(...this.#live.states())
    round.savedAt = savedAt
    round.leftChanges = this.#left.changes
    this.#live.isDirty = false
    const { namespace } = this.#options.settings
    round.writer = new StateWriter({ namespace, savedAt, measured: this.#left.measured, metrics })
  }

  #write(round: Round, bytes: Uint8Array): void {
    this.#isWriting = true
    const { beside, settings, store, wake } = this.#options
    beside(
      Effect.suspend(() => store.set(keyOf(settings.namespace), bytes)).pipe(
        Effect.matchCause({
          onSuccess: () => {
            this.#wrote(round.savedAt, round.events)
            this.#leftChanges = round.leftChanges
            this.#end(round, undefined)
          },
          onFailure: (cause) => {
            this.#live.isDirty = true
            this.#end(round, failureOf(cause))
          }
        }),
        Effect.andThen(
          Effect.sync(() => {
            if (this.#isDue) wake()
          })
        )
      )
    )
  }

  #end(round: Round, failure: string | undefined): void {
    this.#isWriting = false
    this.#round = undefined
    const { fold } = this.#options
    if (failure === undefined) {
      this.#left.forget(this.#options.covered(), (recorderId, name) => this.#live.has(recorderId, name))
    } else {
      fold.send({ _tag: "StateNotWritten", reason: failure })
    }
    for (const ticket of round.tickets) fold.send({ _tag: "Persisted", ticket, failure })
    clearTimeout(this.#timer)
    this.#arm()
  }

  #wrote(savedAt: number, events: number): void {
    this.#options.fold.send({ _tag: "StateWritten", savedAt, events })
  }
}
const failureOf = (cause: Cause.Cause<unknown>): string => messageOf(Cause.squash(cause))
