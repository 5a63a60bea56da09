import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ReadError } from "../model/recorderErrors.ts"
import { type AnswerPart, AnswerParts } from "../stream/answerParts.ts"
import { afterwards } from "../util/deadlines.ts"

interface Pending {
  /** The waiting fiber. */
  readonly fiber: Fiber.Fiber<unknown, unknown>
  /** Completes the read. Only the caller knows what the answer contains. */
  readonly answer: (read: ReadonlyArray<unknown>) => void
  readonly fail: (error: ReadError) => void
  /** The long parts of the answer arrive before it. */
  parts: AnswerParts | undefined
  // Ends what runs while the read waits.
  stopTimer: (() => void) | undefined
  stopWatching: (() => void) | undefined
}

/** What runs while a read waits. */
export interface Waiting {
  /** The time limit in milliseconds of the real clock. Its timer keeps the process alive. */
  readonly most: number
  /** The error when the time limit has passed. */
  readonly late: () => ReadError
  /** Watches for other reasons to give up, until the returned function is called. */
  readonly watch: ((giveUp: () => void) => () => void) | undefined
}

/** Reads that were requested and are not answered yet. Each gets an answer: from the fold, or by `failAll`. */
export class PendingReads {
  #reads: Map<number, Pending> | undefined
  #next = 0
  /** Called when a read is answered. */
  readonly #whenAnswered = new Set<() => void>()

  /** Sends a request with `send`, waits for the answer with its number, and continues with the result of `then`. */
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
        // Set up while the fold is already at work.
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

  // A read that was not resumed remains here, and still gets the failure of the fold or of its time limit.

  #fail(request: number, pending: Pending, error: ReadError): void {
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

  /** Adds a part of an answer. Returns whether the read is still pending. */
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

  /** Completes when all reads requested before are answered. `undefined` if they are. */
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

  /** Fails the reads of one fiber. */
  failFor(fiber: Fiber.Fiber<unknown, unknown>, error: ReadError): void {
    for (const [request, pending] of [...(this.#reads ?? [])]) {
      if (pending.fiber === fiber) this.#fail(request, pending, error)
    }
  }
}
