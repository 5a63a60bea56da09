import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { RecorderFailed } from "../MetricsError.ts"
import type { MetricChange } from "../Snapshot.ts"
import type { Watch } from "./protocol.ts"

type Outlet = Queue.Queue<MetricChange, RecorderFailed | Cause.Done>

/** Only the latest change of each metric, for a listener that takes them when it can. */
interface Conflated {
  readonly changes: Map<string, MetricChange>
  readonly signal: Queue.Queue<void, RecorderFailed | Cause.Done>
}

/** Changes that a stream may have waiting. More make its recorder's fold wait. */
const OutletSize = 16

/** Those who listen to the changes of one recorder, and what they are told. */
export class ChangeHub {
  readonly #hook: ((change: MetricChange) => Effect.Effect<void>) | undefined
  readonly #onWatch: (watch: Watch) => void
  readonly #outlets = new Set<Outlet>()
  readonly #conflated = new Set<Conflated>()
  #watch: Watch = "none"
  /** What became of the recorder for good: who comes later is told at once. */
  #ended: Exit.Exit<void, RecorderFailed> | undefined

  constructor(hook: ((change: MetricChange) => Effect.Effect<void>) | undefined, onWatch: (watch: Watch) => void) {
    this.#hook = hook
    this.#onWatch = onWatch
  }

  /** Tells the fold what is listened for, where that is not what it was told last. */
  update(): void {
    const watch: Watch =
      this.#hook !== undefined || this.#outlets.size > 0 ? "every" : this.#conflated.size > 0 ? "latest" : "none"
    if (watch === this.#watch) return
    this.#watch = watch
    this.#onWatch(watch)
  }

  /** Every change in order. A listener that does not keep up makes the fold wait. */
  readonly every: Stream.Stream<MetricChange, RecorderFailed> = Stream.unwrap(
    Effect.gen({ self: this }, function* () {
      const outlet: Outlet = yield* Queue.bounded<MetricChange, RecorderFailed | Cause.Done>(OutletSize)
      yield* Effect.acquireRelease(
        Effect.sync(() => this.#add(this.#outlets, outlet, outlet)),
        () =>
          Effect.andThen(
            Queue.shutdown(outlet),
            Effect.sync(() => this.#remove(this.#outlets, outlet))
          )
      )
      return Stream.fromQueue(outlet)
    })
  )

  /** The latest change of each metric since the listener last took some. Never makes the fold wait. */
  readonly latest: Stream.Stream<MetricChange, RecorderFailed> = Stream.unwrap(
    Effect.gen({ self: this }, function* () {
      const signal = yield* Queue.sliding<void, RecorderFailed | Cause.Done>(1)
      const conflated: Conflated = { changes: new Map(), signal }
      yield* Effect.acquireRelease(
        Effect.sync(() => this.#add(this.#conflated, conflated, signal)),
        () => Effect.sync(() => this.#remove(this.#conflated, conflated))
      )
      return Stream.fromQueue(conflated.signal).pipe(
        Stream.map(() => {
          const changes = [...conflated.changes.values()]
          conflated.changes.clear()
          return changes
        }),
        Stream.flattenIterable
      )
    })
  )

  /** Tells everyone, in order; completes when all have taken the changes. */
  deliver(changes: ReadonlyArray<MetricChange>): Effect.Effect<void> {
    return Effect.forEach(changes, (change) => this.#deliverOne(change), { discard: true })
  }

  /** Ends the streams once what they have waiting is taken. New ones may come. */
  end(): void {
    for (const outlet of this.#outlets) Queue.endUnsafe(outlet)
    for (const { signal } of this.#conflated) Queue.endUnsafe(signal)
  }

  /** Ends the streams for good. */
  close(): void {
    this.#ended ??= Exit.void
    this.end()
  }

  fail(error: RecorderFailed): void {
    this.#ended ??= Exit.fail(error)
    const cause = Cause.fail(error)
    for (const outlet of this.#outlets) Queue.failCauseUnsafe(outlet, cause)
    for (const { signal } of this.#conflated) Queue.failCauseUnsafe(signal, cause)
  }

  #deliverOne(change: MetricChange): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const { changes, signal } of this.#conflated) {
        changes.delete(change.snapshot.name)
        changes.set(change.snapshot.name, change)
        Queue.offerUnsafe(signal, undefined)
      }
      if (this.#hook !== undefined) yield* this.#hook(change)
      for (const outlet of [...this.#outlets]) yield* Queue.offer(outlet, change)
    })
  }

  #add<A, B>(listeners: Set<A>, listener: A, queue: Queue.Queue<B, RecorderFailed | Cause.Done>): void {
    if (this.#ended !== undefined) {
      if (Exit.isFailure(this.#ended)) Queue.failCauseUnsafe(queue, this.#ended.cause)
      else Queue.endUnsafe(queue)
      return
    }
    listeners.add(listener)
    this.update()
  }

  #remove<A>(listeners: Set<A>, listener: A): void {
    if (listeners.delete(listener)) this.update()
  }
}
