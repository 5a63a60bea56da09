import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ReadError } from "../model/recorderErrors.ts"
import { type AnswerPart, AnswerParts } from "../stream/answerParts.ts"
import { afterwards } from "../util/deadlines.ts"

interface Pending {
  /** Who waits. */
  readonly fiber: Fiber.Fiber<unknown, unknown>
  /** What is in the answer, the one who asked knows. */
  readonly answer: (read: ReadonlyArray<unknown>) => void
  readonly fail: (error: ReadError) => void
  /** What is long in the answer comes before it. */
  parts: AnswerParts | undefined
  // What ends that goes on while it waits.
  stopTimer: (() => void) | undefined
  stopWatching: (() => void) | undefined
}

/** What goes on while a read waits. */
export interface Waiting {
  /** Milliseconds of the real clock that it may take. Its timer keeps the process alive. */
  readonly most: number
  /** The error of one that took longer. */
  readonly late: () => ReadError
  /** Looks for other reasons to give up, until the function given back is called. */
  readonly watch: ((giveUp: () => void) => () => void) | undefined
}

/** Reads that were asked for and not yet answered. Every one gets an answer: from the fold, or by `failAll`. */
export class PendingReads {
  #reads: Map<number, Pending> | undefined
  #next = 0
  /** Called when one of them has its answer. */
  readonly #whenAnswered = new Set<() => void>()

  /** Asks by `send`, waits for the answer under the number it was given, and goes on with what `then` makes of it. */
  ask<A, B, E>(
    fiber: Fiber.Fiber<unknown, unknown>,
    send: (request: number) => void,
    waiting: () => Waiting,
    then: (read: ReadonlyArray<A>) => Effect.Effect<B, E>
  ): Effect.Effect<B, E | ReadError> {
    return Effect.callback((resume) => {
      const request = this.#next++
      const pending: Pending = {
        fiber,
        answer: (read) => resume(Effect.suspend(() => then(read as ReadonlyArray<A>))),
        fail: (error) => resume(Effect.fail(error)),
        parts: undefined,
        stopTimer: undefined,
        stopWatching: undefined
      }
      this.#reads ??= new Map()
      this.#reads.set(request, pending)
      try {
        send(request)
        // What is needed while it waits is done while the fold is at work.
        if (this.#reads.has(request)) this.#wait(request, pending, waiting())
      } catch (defect) {
        this.#forget(request, pending)
        throw defect
      }
      return Effect.sync(() => this.#forget(request, pending))
    })
  }

  #wait(request: number, pending: Pending, { late, most, watch }: Waiting): void {
    const giveUp = (): void => this.#fail(request, pending, late())
    pending.stopTimer = afterwards(most, giveUp)
    pending.stopWatching = watch?.(giveUp)
  }

  // One that was not resumed is still known here, and hears of the end of the fold, or of its time.

  #fail(request: number, pending: Pending, error: ReadError): void {
    if (!this.#reads?.has(request)) return
    pending.fail(error)
    this.#forget(request, pending)
  }

  #forget(request: number, pending: Pending): void {
    if (!this.#reads?.delete(request)) return
    for (const look of this.#whenAnswered) look()
    try {
      pending.stopTimer?.()
    } finally {
      pending.stopWatching?.()
    }
  }

  answer(request: number, read: ReadonlyArray<unknown>): void {
    const pending = this.#reads?.get(request)
    if (pending === undefined) return
    pending.answer(pending.parts?.join(read) ?? read)
    this.#forget(request, pending)
  }

  /** A part of an answer; whether somebody waits for it. */
  part(request: number, part: AnswerPart): boolean {
    const pending = this.#reads?.get(request)
    if (pending === undefined) return false
    pending.parts ??= new AnswerParts()
    pending.parts.add(part)
    return true
  }

  forgetParts(): void {
    for (const pending of this.#reads?.values() ?? []) pending.parts = undefined
  }

  /** Done when all that were asked for before have their answer. None, if all have. */
  get answered(): Effect.Effect<void> | undefined {
    const next = this.#next
    const isDone = (): boolean => {
      const [oldest = next] = this.#reads?.keys() ?? []
      return oldest >= next
    }
    if (isDone()) return undefined
    return Effect.callback((resume) => {
      const look = (): void => {
        if (isDone()) resume(Effect.void)
      }
      this.#whenAnswered.add(look)
      look()
      return Effect.sync(() => this.#whenAnswered.delete(look))
    })
  }

  awaits(request: number): boolean {
    return this.#reads?.has(request) === true
  }

  failAll(error: ReadError): void {
    for (const [request, pending] of [...(this.#reads ?? [])]) this.#fail(request, pending, error)
  }

  /** Fails those of one fiber. */
  failFor(fiber: Fiber.Fiber<unknown, unknown>, error: ReadError): void {
    for (const [request, pending] of [...(this.#reads ?? [])]) {
      if (pending.fiber === fiber) this.#fail(request, pending, error)
    }
  }
}
