/** The changes of a recorder, for `for await`. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import type { MetricChange, Snapshot } from "../metric/definition/snapshot.ts"
import type { ChangePulls, Subscribe } from "../recorder/changePulls.ts"
import { internalsOf } from "../recorder/internals.ts"
import type { RecorderService } from "../recorder/service.ts"
import type { Run } from "./run.ts"

/** Each iteration subscribes at its first step, in the call. */
export const iterate = <S extends Snapshot>(
  run: Run,
  recorder: RecorderService,
  what: (pulls: ChangePulls) => Subscribe<unknown>
): AsyncIterable<MetricChange<S>> => ({
  [Symbol.asyncIterator]: () => new ChangeIterator(run, what(internalsOf(recorder)!.pulls!)) as AsyncIterator<never>
})

const over: IteratorResult<MetricChange> = { done: true, value: undefined }

class ChangeIterator implements AsyncIterator<MetricChange> {
  readonly #run: Run
  readonly #scope = Scope.makeUnsafe()
  #pull: Effect.Effect<ReadonlyArray<MetricChange>, unknown>
  /** Changes that have arrived and were not taken. */
  #changes: ReadonlyArray<MetricChange> = []
  #taken = 0
  /** Waits for more. */
  #waiting: Fiber.Fiber<unknown, unknown> | undefined
  #closed: Promise<unknown> | undefined
  /** The last request. */
  #last: Promise<unknown> | undefined

  constructor(run: Run, subscribe: Subscribe<unknown>) {
    this.#run = run
    this.#pull = Effect.flatMap(Scope.provide(subscribe, this.#scope), (pull) => {
      this.#pull = pull
      return pull
    })
  }

  /** Requests are served one after the other, in their order. The first one subscribes in the call. */
  next(): Promise<IteratorResult<MetricChange>> {
    const take = () => this.#take()
    const next = this.#last === undefined ? take() : this.#last.then(take, take)
    this.#last = next
    return next
  }

  async #take(): Promise<IteratorResult<MetricChange>> {
    if (this.#closed === undefined && this.#taken === this.#changes.length) {
      const fiber = Effect.runForkWith(this.#run.context)(this.#pull)
      this.#waiting = fiber
      const exit = await this.#run.promise(Fiber.await(fiber))
      if (this.#waiting === fiber) this.#waiting = undefined
      if (Exit.isFailure(exit)) {
        const isOver =
          Pull.isDoneCause(exit.cause) || (this.#closed !== undefined && Cause.hasInterruptsOnly(exit.cause))
        await this.#close()
        if (isOver) return over
        throw Cause.squash(exit.cause)
      }
      this.#changes = exit.value
      this.#taken = 0
    }
    if (this.#closed === undefined) return { done: false, value: this.#changes[this.#taken++]! }
    await this.#closed
    return over
  }

  async return(): Promise<IteratorResult<MetricChange>> {
    await this.#close()
    return over
  }

  #close(): Promise<unknown> {
    const ended = this.#waiting === undefined ? Effect.void : Fiber.interrupt(this.#waiting)
    this.#closed ??= this.#run.promise(Effect.andThen(ended, Scope.close(this.#scope, Exit.void)))
    return this.#closed
  }
}
