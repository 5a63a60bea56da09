/**
 * Keeps what a fold knows somewhere else: everything when it begins, and from then on what has changed, at intervals.
 *
 * The states are collected lane by lane and made into bytes part by part, each between two reads of pages, so that the fold
 * never stands still for more than a part. The bytes are then written beside the fold. A write that fails stops nothing:
 * a later one has all that it had.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Fold } from "../fold/fold.ts"
import type { Toucher } from "../fold/touchedLanes.ts"
import type { Lane } from "../stream/commands.ts"
import { messageOf } from "../util/describeError.ts"
import { LongestTimer } from "../util/liveClock.ts"
import type { LiveStates } from "./liveStates.ts"

/** About so much is collected or copied between two reads of pages. */
const PartBytes = 256 * 1024

/** The thread in which the fold runs. */
export interface KeepingThread {
  readonly fold: Fold
  /** Up to where no other fold will begin: `LeftStates.forget`. */
  readonly covered: () => number
  /** {@link StateRounds.goOn} has something to do. */
  readonly wake: () => void
  /** Runs an effect while the fold goes on. */
  readonly beside: (effect: Effect.Effect<void>) => void
}

/** What is written, of the moment when this was made. */
export interface Making {
  /** Makes about so many bytes of it. Returns whether there is more to do. */
  readonly goOn: (most: number) => boolean
  /** Once it is made. `false`: it is to be made again, because there is less than it builds upon. */
  readonly write: Effect.Effect<boolean, unknown>
  readonly onWritten: () => void
  readonly onFailed: (reason: string) => void
}

/** Is told when a round that began after it had asked has ended, and why it failed, if it did. */
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

  /** `end` is told of the next round, which begins at once where it `isUrgent`. */
  ask(end: RoundEnd, isUrgent = true): void {
    this.#asked.push(end)
    if (isUrgent) this.makeDue()
  }

  /** Whether somebody waits for a round. */
  protected get isAsked(): boolean {
    return this.#asked.length > 0 || (this.#round?.asked.length ?? 0) > 0
  }

  /** Whether {@link goOn} has something to do. */
  get isPending(): boolean {
    return !this.#isWriting && !this.#isClosed && (this.#round !== undefined || this.#mayBegin)
  }

  /** What was written is never replaced by less. */
  get #mayBegin(): boolean {
    return this.#isDue && this.thread.fold.hasCaughtUp
  }

  /** Between two reads of pages: does a part of what is due. Whether there is more of it. */
  goOn(): boolean {
    if (!this.isPending) return false
    const { fold } = this.thread
    // It is asked again.
    if (fold.isAbsorbing) return true
    this.#round ??= this.#begin()
    const round = this.#round
    if (round.making === undefined) {
      for (let bytes = 0; round.next < round.lanes.length && bytes < PartBytes; round.next++) {
        const collected = this.live.collect(round.lanes[round.next]!)
        // The memory for a large one is made ready part by part.
        if (collected === undefined) return true
        bytes += collected
      }
      if (round.next < round.lanes.length) return true
      // What is written has of each event either the recorder that took it, or the total that it was left to.
      const totals = fold.totals.take(this.#by)
      if (totals.length > 0) {
        round.lanes = [...round.lanes, ...totals]
        return true
      }
      // From here on it is what will be written, whatever is folded meanwhile.
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
    // Lanes that were restored are not touched by that.
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

  /** Whoever waits for it waits for the next round. */
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
