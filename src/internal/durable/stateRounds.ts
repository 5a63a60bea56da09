/**
 * Keeps the state of a fold somewhere else: everything at the beginning, and then the changes, at intervals.
 *
 * The states are collected lane by lane and converted to bytes part by part, each between two reads of pages, so that
 * the fold never stands still for longer than one part. The bytes are then written concurrently with the fold. A write
 * that fails stops nothing: a later one includes everything that it had.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Fold } from "../fold/fold.ts"
import type { Toucher } from "../fold/touchedLanes.ts"
import type { Lane } from "../stream/commands.ts"
import { messageOf } from "../util/describeError.ts"
import { LongestTimer } from "../util/liveClock.ts"
import type { LiveStates } from "./liveStates.ts"

/** Roughly how much is collected or copied between two reads of pages. */
const PartBytes = 256 * 1024

/** The thread in which the fold runs. */
export interface KeepingThread {
  readonly fold: Fold
  /** The position before which no replacement fold starts: `LeftStates.forget`. */
  readonly covered: () => number
  /** Called when {@link StateRounds.goOn} has something to do. */
  readonly wake: () => void
  /** Runs an effect while the fold continues. */
  readonly beside: (effect: Effect.Effect<void>) => void
}

/** What is written, as of the moment when this was made. */
export interface Making {
  /** Makes about this many bytes of it. Returns whether there is more to do. */
  readonly goOn: (most: number) => boolean
  /** Available once it is made. `false`: it must be made again, because the store lacks what it builds upon. */
  readonly write: Effect.Effect<boolean, unknown>
  readonly onWritten: () => void
  readonly onFailed: (reason: string) => void
}

/** Called with the outcome of a round that began after the request: the reason why it failed, if it did. */
export type RoundEnd = (failure: string | undefined) => void

/** A state that is being collected, made or written. */
interface Round {
  lanes: ReadonlyArray<Lane>
  next: number
  readonly asked: Array<RoundEnd>
  making: Making | undefined
}

export abstract class StateRounds {
  protected readonly thread: KeepingThread
  protected abstract readonly live: LiveStates
  readonly #by: Toucher
  readonly intervalMillis: number
  #isDue = false
  #asked: Array<RoundEnd> = []
  #round: Round | undefined
  #isWriting = false
  #isClosed = false
  /** Whether nothing was collected yet. */
  #isFirst = true
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(thread: KeepingThread, by: Toucher, intervalMillis: number) {
    this.thread = thread
    this.#by = by
    this.intervalMillis = Math.min(intervalMillis, LongestTimer)
  }

  /** What is to be written, if anything is. */
  protected abstract make(): Making | undefined

  protected arm(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.makeDue(), this.intervalMillis)
    if (typeof this.#timer === "object") this.#timer.unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  makeDue(): void {
    this.#isDue = true
    this.thread.wake()
  }

  /** Calls `end` for the next round, which starts immediately if `isUrgent`. */
  ask(end: RoundEnd, isUrgent = true): void {
    this.#asked.push(end)
    if (isUrgent) this.makeDue()
  }

  /** Whether a round is awaited. */
  protected get isAsked(): boolean {
    return this.#asked.length > 0 || (this.#round?.asked.length ?? 0) > 0
  }

  /** Whether {@link goOn} has something to do. */
  get isPending(): boolean {
    return !this.#isWriting && !this.#isClosed && (this.#round !== undefined || this.#mayBegin)
  }

  /** What was written must never be replaced by less. */
  get #mayBegin(): boolean {
    return this.#isDue && this.thread.fold.hasCaughtUp
  }

  /** Called between two reads of pages: does one part of what is due. Returns whether there is more. */
  goOn(): boolean {
    if (!this.isPending) return false
    const { fold } = this.thread
    // It is called again.
    if (fold.isAbsorbing) return true
    this.#round ??= this.#begin()
    const round = this.#round
    if (round.making === undefined) {
      for (let bytes = 0; round.next < round.lanes.length && bytes < PartBytes; round.next++) {
        const collected = this.live.collect(round.lanes[round.next]!)
        // The memory for a large one is prepared part by part.
        if (collected === undefined) return true
        bytes += collected
      }
      if (round.next < round.lanes.length) return true
      // What is written contains each event either in the recorder that took it, or in the total to which it was moved.
      const totals = fold.totals.take(this.#by)
      if (totals.length > 0) {
        round.lanes = [...round.lanes, ...totals]
        return true
      }
      // From here on it is fixed what will be written, whatever is folded meanwhile.
      round.making = this.make()
      if (round.making === undefined) {
        this.#end(round, undefined)
        return this.isPending
      }
      return true
    }
    if (round.making.goOn(PartBytes)) return true
    this.#write(round, round.making)
    return false
  }

  #begin(): Round {
    this.#isDue = false
    const asked = this.#asked
    this.#asked = []
    const { fold } = this.thread
    const touched = fold.lanes.touched.take(this.#by)
    // Restored lanes do not count as touched.
    const lanes = this.#isFirst ? fold.lanes.open : touched
    this.#isFirst = false
    return { lanes, next: 0, asked, making: undefined }
  }

  #write(round: Round, { onFailed, onWritten, write }: Making): void {
    this.#isWriting = true
    const { beside, wake } = this.thread
    beside(
      write.pipe(
        Effect.matchCause({
          onSuccess: (isDone) => {
            if (isDone) onWritten()
            else this.#again(round)
            this.#end(round, undefined)
          },
          onFailure: (cause) => {
            const reason = messageOf(Cause.squash(cause))
            onFailed(reason)
            this.#end(round, reason)
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

  /** Requests for this round wait for the next one. */
  #again(round: Round): void {
    this.#asked.unshift(...round.asked.splice(0))
    this.#isDue = true
  }

  #end(round: Round, failure: string | undefined): void {
    this.#isWriting = false
    this.#round = undefined
    for (const end of round.asked) end(failure)
    this.arm()
  }
}
