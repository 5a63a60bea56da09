import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type { LaneLink } from "../link/link.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import type { RecorderFailed } from "../model/recorderErrors.ts"
import type { Watch } from "../stream/commands.ts"
import type { ChangePull, Subscribe } from "./changePulls.ts"
import type { RecorderHooks } from "./hooks.ts"
import type { Intake } from "./intake.ts"
import type { RecorderReads } from "./reads.ts"

/**
 * A listener to every change, or to certain ones, caused by events after `from`, the last one accepted before it
 * subscribed.
 */
interface Outlet {
  readonly from: number
  readonly consumer: Fiber.Fiber<unknown, unknown>
  readonly isWanted: (change: MetricChange) => boolean
  readonly queue: Queue.Queue<MetricChange, RecorderFailed | Cause.Done>
}

/** Holds only the latest change of each metric, for a listener that takes changes at its own pace. */
interface Conflated {
  readonly from: number
  readonly changes: Map<string, MetricChange>
  readonly signal: Queue.Queue<void, RecorderFailed | Cause.Done>
}

/** What the hub needs from its recorder. */
interface ListenedTo {
  readonly intake: Intake
  readonly laneLink: LaneLink
  readonly reads: Pick<RecorderReads, "failFor">
  readonly hooks: Pick<RecorderHooks, "onChange">
}

/** The number of changes that may be queued for a listener. Beyond it, the fold of the recorder waits. */
const OutletSize = 16

/** The listeners to the changes of one recorder, and the delivery to them. */
export class ChangeHub {
  readonly #recorder: ListenedTo
  #outlets: Set<Outlet> | undefined
  #conflated: Set<Conflated> | undefined
  #watch: Watch = "none"
  /** The listener whose queue the fold waits for. */
  #slowOutlet: Outlet | undefined
  /** The final outcome of the recorder. Later listeners get it at once. */
  #ended: Exit.Exit<void, RecorderFailed> | undefined

  constructor(recorder: ListenedTo) {
    this.#recorder = recorder
  }

  /** Informs the fold about what is listened for, if that has changed. */
  update(): void {
    const watch: Watch =
      this.#recorder.hooks.onChange !== undefined || (this.#outlets?.size ?? 0) > 0
        ? "every"
        : (this.#conflated?.size ?? 0) > 0
          ? "latest"
          : "none"
    if (watch === this.#watch) return
    const { intake, laneLink } = this.#recorder
    intake.afterAccepted(() => laneLink.send({ _tag: "Watch", watch }))
    this.#watch = watch
  }

  /** Subscribes to every wanted change, in order. A listener that falls behind makes the fold wait. */
  every(isWanted: Outlet["isWanted"] = () => true): Subscribe {
    return Effect.gen({ self: this }, function* () {
      const queue = yield* Queue.bounded<MetricChange, RecorderFailed | Cause.Done>(OutletSize)
      const consumer = yield* Effect.withFiber(Effect.succeed)
      const outlet: Outlet = { from: this.#recorder.intake.accepted, consumer, isWanted, queue }
      // Before the outlet is added: an abandoned outlet would make the fold wait for ever.
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          Queue.shutdown(queue),
          Effect.sync(() => this.#remove(this.#outlets, outlet))
        )
      )
      this.#addOutlet(outlet)
      return Queue.takeAll(queue)
    })
  }

  /** Subscribes to the latest change of each metric since the listener last took some. It never makes the fold wait. */
  get latest(): Subscribe {
    return Effect.gen({ self: this }, function* () {
      const signal = yield* Queue.sliding<void, RecorderFailed | Cause.Done>(1)
      const conflated: Conflated = { from: this.#recorder.intake.accepted, changes: new Map(), signal }
      yield* Effect.addFinalizer(() => Effect.sync(() => this.#remove(this.#conflated, conflated)))
      this.#addConflated(conflated)
      const { changes } = conflated
      const pull: ChangePull = Effect.flatMap(Queue.take(signal), () => {
        const [first, ...others] = changes.values()
        changes.clear()
        // There is a change for each signal, unless a signal arrived while the previous changes were taken.
        return first === undefined ? pull : Effect.succeed([first, ...others] as const)
      })
      return pull
    })
  }

  /** The fiber that the fold waits for: a consumer that has not taken the changes queued for it. */
  get slowConsumer(): Fiber.Fiber<unknown, unknown> | undefined {
    const outlet = this.#slowOutlet
    // It may have taken some without the fold noticing yet.
    return outlet !== undefined && Queue.sizeUnsafe(outlet.queue) >= OutletSize ? outlet.consumer : undefined
  }

  /** Delivers changes to all listeners, in order. Completes when all have taken them. */
  deliver(changes: ReadonlyArray<MetricChange>): Effect.Effect<void> {
    return Effect.forEach(changes, (change) => this.#deliverOne(change), { discard: true })
  }

  /** Ends the streams once the queued changes are taken. New streams may be opened. */
  end(): void {
    for (const { queue } of this.#outlets ?? []) Queue.endUnsafe(queue)
    for (const { signal } of this.#conflated ?? []) Queue.endUnsafe(signal)
  }

  /** Ends the streams for good. */
  close(): void {
    this.#ended ??= Exit.void
    this.end()
  }

  fail(error: RecorderFailed): void {
    this.#ended ??= Exit.fail(error)
    const cause = Cause.fail(error)
    for (const { queue } of this.#outlets ?? []) Queue.failCauseUnsafe(queue, cause)
    for (const { signal } of this.#conflated ?? []) Queue.failCauseUnsafe(signal, cause)
  }

  #deliverOne(change: MetricChange): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const { changes, from, signal } of this.#conflated ?? []) {
        if (change.sequence <= from) continue
        changes.delete(change.snapshot.name)
        changes.set(change.snapshot.name, change)
        Queue.offerUnsafe(signal, undefined)
      }
      const { hooks, reads } = this.#recorder
      const { onChange } = hooks
      if (onChange !== undefined) yield* onChange(change)
      for (const outlet of [...(this.#outlets ?? [])]) {
        const { consumer, from, isWanted, queue } = outlet
        if (change.sequence <= from || !isWanted(change) || Queue.offerUnsafe(queue, change)) continue
        this.#slowOutlet = outlet
        // The fold will not answer reads of this fiber.
        reads.failFor(consumer)
        yield* Queue.offer(queue, change)
        this.#slowOutlet = undefined
      }
    })
  }

  #addOutlet(outlet: Outlet): void {
    if (this.#hasEnded(outlet.queue)) return
    this.#outlets ??= new Set()
    this.#outlets.add(outlet)
    this.update()
  }

  #addConflated(conflated: Conflated): void {
    if (this.#hasEnded(conflated.signal)) return
    this.#conflated ??= new Set()
    this.#conflated.add(conflated)
    this.update()
  }

  /** Whether the recorder has ended. In that case a new listener's queue is ended as well. */
  #hasEnded<A>(queue: Queue.Queue<A, RecorderFailed | Cause.Done>): boolean {
    if (this.#ended === undefined) return false
    if (Exit.isFailure(this.#ended)) Queue.failCauseUnsafe(queue, this.#ended.cause)
    else Queue.endUnsafe(queue)
    return true
  }

  #remove<A>(listeners: Set<A> | undefined, listener: A): void {
    if (listeners?.delete(listener)) this.update()
  }
}
