import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { ReadError } from "../model/errors.ts"
import { afterwards } from "../util/liveClock.ts"

// What is in the answer, the one who asked knows.
// biome-ignore lint/suspicious/noExplicitAny: likewise.
type Answer = Exit.Exit<ReadonlyArray<any>, ReadError>

interface Pending {
  /** Who waits. */
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly end: (answer: Answer) => void
}

/** Reads that were asked for and not yet answered. Every one gets an answer: from the fold, or by `failAll`. */
export class PendingReads {
  #reads: Map<number, Pending> | undefined
  #next = 0

  /**
   * Asks by `send` and waits for the answer under the number it was given. `hold` keeps the process alive meanwhile. When
   * it takes longer than `timeout`, by the real clock, it fails with what `late` gives, and so it does when `watch`, which
   * runs meanwhile until the function it gives back is called, gives up.
   */
  ask<A>(
    send: (request: number) => void,
    hold: () => () => void,
    timeout: Duration.Input,
    late: () => ReadError,
    watch: (giveUp: () => void) => () => void
  ): Effect.Effect<ReadonlyArray<A>, ReadError> {
    return Effect.withFiber((fiber) =>
      Effect.callback((resume) => {
        const request = this.#next++
        const release = hold()
        const giveUp = (): void => this.#reads?.get(request)?.end(Exit.fail(late()))
        const stopTimer = afterwards(timeout, giveUp)
        const stopWatching = watch(giveUp)
        const forget = (): void => {
          if (!this.#reads?.delete(request)) return
          try {
            stopTimer()
            stopWatching()
          } finally {
            release()
          }
        }
        this.#reads ??= new Map()
        this.#reads.set(request, {
          fiber,
          end: (answer) => {
            // First: one that was not resumed is still known here, and hears of the end of the fold, or of its time.
            resume(answer)
            forget()
          }
        })
        try {
          send(request)
        } catch (defect) {
          forget()
          throw defect
        }
        return Effect.sync(forget)
      })
    )
  }

  answer(request: number, read: ReadonlyArray<unknown>): void {
    this.#reads?.get(request)?.end(Exit.succeed(read))
  }

  failAll(error: ReadError): void {
    for (const { end } of [...(this.#reads?.values() ?? [])]) end(Exit.fail(error))
  }

  /** Fails those of one fiber. */
  failFor(fiber: Fiber.Fiber<unknown, unknown>, error: ReadError): void {
    for (const read of [...(this.#reads?.values() ?? [])]) if (read.fiber === fiber) read.end(Exit.fail(error))
  }
}
