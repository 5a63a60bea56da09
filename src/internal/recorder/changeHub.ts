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

/** A listener that wants every change, or certain ones, by events after `from`, the last one accepted before it came. */
interface Outlet {
  readonly from: number
  readonly consumer: Fiber.Fiber<unknown, unknown>
  readonly isWanted: (change: MetricChange) => boolean
  readonly queue: Queue.Queue<MetricChange, RecorderFailed | Cause.Done>
}

/** Only the latest change of each metric, for a listener that takes them when it can. */
interface Conflated {
  readonly from: number
  readonly changes: Map<string, MetricChange>
  readonly signal: Queue.Queue<void, RecorderFailed | Cause.Done>
}

/** What the hub needs of its recorder. */
interface ListenedTo {
  readonly intake: Intake
  readonly laneLink: LaneLink
  readonly reads: Pick<RecorderReads, "failFor">
  readonly hooks: Pick<RecorderHooks, "onChange">
}

/** Changes that a listener may have waiting. More make its recorder's fold wait. */
const OutletSize = 16

/** Those who listen to the changes of one recorder, and what they are told. */
export class ChangeHub {
  readonly #recorder: ListenedTo
  #outlets: Set<Outlet> | undefined
  #conflated: Set<Conflated> | undefined
  #watch: Watch = "none"
  /** Whose queue the fold waits for. */
  #slowOutlet: Outlet | undefined
  /** What became of the recorder for good: who comes later is told at once. */
  #ended: Exit.Exit<void, RecorderFailed> | undefined

  constructor(recorder: ListenedTo) {
    this.#recorder = recorder
  }

  /** Tells the fold what is listened for, where that is not what it was told last. */
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

  /** Every wanted change in order. A listener that does not keep up makes the fold wait. */
  every(isWanted: Outlet["isWanted"] = () => true): Subscribe {
    return Effect.gen({ self: this }, function* () {
      const queue = yield* Queue.bounded<MetricChange, RecorderFailed | Cause.Done>(OutletSize)
      const consumer = yield* Effect.withFiber(Effect.succeed)
      const outlet: Outlet = { from: this.#recorder.intake.accepted, consumer, isWanted, queue }
      // Before it is added: one that is left behind would make the fold wait for good.
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

  /** The latest change of each metric since the listener last took some. Never makes the fold wait. */
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
        // There is one for each signal, unless a signal came while the last ones were taken.
        return first === undefined ? pull : Effect.succeed([first, ...others] as const)
      })
      return pull
    })
  }

  /** The fiber that the fold waits for: it consumes changes, and has not taken those that wait for it. */
  get slowConsumer(): Fiber.Fiber<unknown, unknown> | undefined {
    const outlet = this.#slowOutlet
    // It may have taken some, which the fold has not noticed yet.
    return outlet !== undefined && Queue.sizeUnsafe(outlet.queue) >= OutletSize ? outlet.consumer : undefined
  }

  /** Tells everyone, in order; completes when all have taken the changes. */
  deliver(changes: ReadonlyArray<MetricChange>): Effect.Effect<void> {
    return Effect.forEach(changes, (change) => this.#deliverOne(change), { discard: true })
  }

  /** Ends the streams once what they have waiting is taken. New ones may come. */
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
        // What this fiber waits for of the fold does not come.
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

  /** Whether it is all over: then a new listener's queue is ended as well. */
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
