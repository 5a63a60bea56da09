/** How events enter a recorder: through the emitting fiber, by its clock, or without either. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { LaneLink } from "../link/link.ts"
import type { MetricEvent } from "../model/event.ts"
import { type EmitError, QueueOverflow } from "../model/recorderErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { whyInvalidEvent } from "../stream/eventWriter.ts"
import { liveClock } from "../util/liveClock.ts"
import { CurrentEmission } from "./currentEmission.ts"
import type { Offer } from "./dispatch.ts"
import { hookOf } from "./hookGuard.ts"
import type { Intake, Overflow } from "./intake.ts"
import type { RecorderParts } from "./parts.ts"

export abstract class RecorderEmission {
  readonly overflow: Overflow
  readonly clock: Clock.Clock
  readonly emitUnsafe: (event: MetricEvent) => boolean
  protected readonly parts: RecorderParts
  readonly #intake: Intake
  readonly #laneLink: LaneLink

  constructor(parts: RecorderParts) {
    const { clock, config, intake, laneLink } = parts
    const { writer } = laneLink
    this.parts = parts
    this.#intake = intake
    this.#laneLink = laneLink
    this.overflow = config.overflow
    this.clock = clock
    // Values that do not change are read once instead of for every event.
    this.emitUnsafe =
      clock === liveClock
        ? (event) => (writer.given === undefined ? intake.offer(event) === "accepted" : this.emitAt(clock, event))
        : (event) => this.emitAt(clock, event)
  }

  readonly emit = (event: MetricEvent): Effect.Effect<boolean, EmitError> =>
    Effect.withFiber((fiber) =>
      this.#emittedAt(fiber.getRef(Clock.Clock), () => {
        if (this.overflow !== "backpressure") return this.#resultOf(this.#intake.offer(event), event)
        // Inside a hook that the fold waits for, waiting for room would never end.
        const { config, lifecycle } = this.parts
        const mostWait = hookOf(fiber, lifecycle) === undefined ? config.backpressureTimeout : undefined
        const offered = this.#intake.offerOrWait(event, mostWait, fiber.getRef(CurrentEmission))
        return Effect.flatMap(offered, (offer) => this.#resultOf(offer, event))
      })
    )

  emitIn(fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent): boolean {
    const { context } = fiber
    const { writer } = this.#laneLink
    if (writer.isLive(context)) return this.#intake.offer(event) === "accepted"
    const clock = Context.get(context, Clock.Clock)
    const accepted = this.emitAt(clock, event)
    if (clock === liveClock) writer.wasLive(context)
    return accepted
  }

  emitAt(clock: Clock.Clock, event: MetricEvent): boolean {
    // The usual case creates no closure.
    if (clock === liveClock && this.#laneLink.writer.given === undefined)
      return this.#intake.offer(event) === "accepted"
    return this.#emittedAt(clock, () => this.#intake.offer(event) === "accepted")
  }

  /**
   * Gives the events emitted by `emits` the time of a clock. The writer itself reads the live clock, as rarely as
   * possible.
   */
  #emittedAt<A>(clock: Clock.Clock, emits: () => A): A {
    const { writer } = this.#laneLink
    const { given } = writer
    const isLive = clock === liveClock
    if (isLive && given === undefined) return emits()
    writer.give(isLive ? undefined : clock.currentTimeMillisUnsafe())
    try {
      return emits()
    } finally {
      writer.given = given
      // The event around this one must not get the time of the live clock.
      if (isLive) writer.give(given)
    }
  }

  #resultOf(offer: Offer, event: unknown): Effect.Effect<boolean, EmitError> {
    const { config, lifecycle } = this.parts
    switch (offer) {
      case "accepted":
        return succeedTrue
      case "overflow":
        return this.overflow === "fail"
          ? Effect.fail(new QueueOverflow({ recorderId: config.recorderId, capacity: config.capacity }))
          : succeedFalse
      case "invalid":
        return Effect.fail(new InvalidArgument({ argument: "event", reason: whyInvalidEvent(event) ?? "changed" }))
      case "not-running":
        return Effect.fail(lifecycle.invalidState("take events", "Events are taken from its start to its stop"))
    }
  }
}

const succeedTrue = Effect.succeed(true)
const succeedFalse = Effect.succeed(false)
