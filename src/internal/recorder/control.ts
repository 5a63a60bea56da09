/**
 * The operations reserved for the owner of a recorder: the runtime that made it, or the scope of a recorder that was
 * made alone.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { isBuiltInLevel } from "../metric/definition/levels.ts"
import { goesOnFrom } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { RecorderFailed, type StartError, type StopError, type WaitTimeout } from "../model/recorderErrors.ts"
import type { ShutdownFailed } from "../model/runtimeErrors.ts"
import type { RecorderState, Stats } from "../model/stats.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import type { Lane } from "../stream/commands.ts"
import { atMost, within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import { hookOf } from "./hookGuard.ts"
import { abort, type RecorderParts } from "./parts.ts"
import { type RecorderReads, statsOf } from "./reads.ts"
import type { RecorderService } from "./service.ts"
import { CurrentWaitTimeout, foldedOf, inTime } from "./waitTimeout.ts"
import { whyNotReadIn, whyUnreadable } from "./whyUnreadable.ts"

const active: ReadonlySet<RecorderState> = new Set(["Starting", "Running", "Stopping"])

/** What a recorder did not finish. */
type Unfinished = ShutdownFailed["failures"][number]

let instanceCount = 0

export class RecorderControl {
  readonly service: RecorderService
  /** Distinguishes it from all other recorders of this process, including those with the same id. */
  readonly instance: number = instanceCount++
  /** By the recorder's clock. */
  readonly createdAt: number
  readonly #parts: RecorderParts

  constructor(parts: RecorderParts, service: RecorderService) {
    this.#parts = parts
    this.service = service
    this.createdAt = parts.clock.currentTimeMillisUnsafe()
  }

  stateUnsafe(): RecorderState {
    return this.#parts.lifecycle.state
  }

  statsUnsafe(): Stats {
    return statsOf(this.#parts)
  }

  /** Whether the recorder was removed and its accounting is final. */
  get isSettled(): boolean {
    return this.#parts.intake.isSettled
  }

  metricsUnsafe(): ReadonlyArray<Metric.Any> {
    return this.#parts.registrations.all
  }

  /** Logs that the recorder was made. */
  get logMade(): Effect.Effect<void> {
    return this.#parts.log.lifecycle("made")
  }

  /** Starts the recorder for the runtime that made it, see `startUnasked` of the lifecycle. */
  get startUnasked(): Effect.Effect<void, StartError | WaitTimeout> {
    return inTime(this.#parts, "start", this.#parts.lifecycle.startUnasked)
  }

  // --- for exporters

  get reads(): Pick<RecorderReads, "shown" | "counted" | "largest"> {
    return this.#parts.reads
  }

  /** The lane, if the recorder can be read. */
  get readableLane(): Lane | undefined {
    return whyUnreadable(this.#parts) === undefined ? this.#parts.laneLink.lane : undefined
  }

  /** Completes when every event accepted before has been dispatched, or the recorder can no longer be read. */
  get handedOver(): Effect.Effect<void> {
    return Effect.suspend(() => (this.isHandedOver ? Effect.void : Effect.ignore(this.#parts.reads.handedOver)))
  }

  /** Whether everything accepted has been dispatched. */
  get isHandedOver(): boolean {
    return this.#parts.intake.isHandedOver
  }

  /** Explains why a fiber must not wait for a read of this recorder: it runs in a hook that the read would wait for. */
  whyNotReadIn(fiber: Fiber.Fiber<unknown, unknown>): InvalidState | undefined {
    return whyNotReadIn(hookOf(fiber, this.#parts.lifecycle), this.#parts)
  }

  /**
   * Completes when every event accepted before is folded, even if the recorder is removed meanwhile. On failure it
   * reports how far the recorder has got.
   */
  flush(timeout: Duration.Input): Effect.Effect<void, Unfinished> {
    return Effect.suspend(() => {
      const { intake, lifecycle, reads } = this.#parts
      const { accepted } = intake
      return Effect.provideService(reads.flush, CurrentWaitTimeout, timeout).pipe(
        Effect.catch((error) =>
          lifecycle.removed && foldedOf(intake, accepted) === accepted
            ? Effect.void
            : Effect.fail(this.unfinished(error, accepted))
        )
      )
    })
  }

  /** Publishes accepted events at once. */
  publish(): void {
    try {
      this.#parts.intake.flush()
    } catch {
      // Events that could not be published are kept.
    }
  }

  /** Describes how far the recorder has got, when it should have folded the events up to this sequence number. */
  unfinished({ message }: Error, accepted: number = this.#parts.intake.accepted): Unfinished {
    const { config, intake } = this.#parts
    return { recorderId: config.recorderId, accepted, folded: foldedOf(intake, accepted), reason: message }
  }

  /** Records a metric that an attached thread has registered and announced to the fold. */
  registered(metric: Metric.Any): void {
    const { config, registrations } = this.#parts
    const replaced = registrations.replacedBy([metric])
    registrations.claim([metric])
    registrations.add([metric])
    registrations.tell(metric)
    for (const each of replaced) registrations.left(each)
    config.link.durable?.onRegistered(config.recorderId)
  }

  // --- as a total of recorders that were removed

  /**
   * Prepares the metrics of this recorder to take over the counts of a recorder that is about to leave. Returns the
   * names of metrics that are defined differently here, whose counts are not taken over.
   */
  prepareFor(leaving: RecorderControl): ReadonlyArray<string> {
    const { clock, laneLink, registrations } = this.#parts
    const at = clock.currentTimeMillisUnsafe()
    const refused: Array<string> = []
    for (const metric of leaving.metricsUnsafe()) {
      const { merge, name } = metric
      if (merge === undefined || isBuiltInLevel(metric)) continue
      const own = registrations.find(name)
      if (own !== undefined) {
        if (!goesOnFrom(own, metric)) refused.push(name)
      } else {
        // It claims no name, so a removed recorder does not block the registration of another metric.
        registrations.add([metric])
        laneLink.send({ _tag: "Register", name, metric, at })
        registrations.tell(metric)
      }
    }
    return refused
  }

  // --- its end

  /** Fails inside a hook of this recorder, where `operation` would wait for the hook. */
  refuseInHook(operation: string): Effect.Effect<void, InvalidState> {
    return this.#parts.lifecycle.refuseInHook(operation)
  }

  /**
   * Stops the recorder if it is running. If that takes longer than its `shutdownTimeout`, the recorder is abandoned.
   */
  get close(): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      if (!active.has(this.stateUnsafe())) return Effect.void
      const { config, lifecycle } = this.#parts
      const { recorderId, shutdownTimeout } = config
      return within(shutdownTimeout, () => {
        const most = durationText(shutdownTimeout)
        const cause = new Error(`did not stop within ${most}: ${this.#reached}`)
        abort(this.#parts, cause)
        return Effect.fail(lifecycle.failure?.error ?? new RecorderFailed({ recorderId, cause }))
      })(lifecycle.stop)
    })
  }

  /** Describes how far a start or stop that does not end has got. */
  get #reached(): string {
    const { hooks, intake } = this.#parts
    const { accepted, pending } = intake
    const folded =
      pending > 0
        ? `${pending} of the ${accepted} events it accepted are not`
        : `all of the ${accepted} events it accepted are`
    const hook = hooks.running === undefined ? "" : `, its hook ${hooks.running} has not ended`
    return `${folded} folded${hook}`
  }

  /** Completes when the reads requested before are answered. `undefined` if there is nothing to wait for. */
  get answered(): Effect.Effect<void> | undefined {
    return this.#parts.reads.pending.answered
  }

  /** Whether it was abandoned, by {@link close} or because the fold is gone. */
  get isGivenUp(): boolean {
    return this.#parts.lifecycle.failure?.foldLost === true
  }

  /**
   * Releases the lane at once: the recorder accepts and answers nothing any more. Its running fibers are interrupted,
   * and the returned effect waits for that, for up to one second. `total`: the recorder that takes over its counts.
   */
  remove(total?: RecorderControl): Effect.Effect<void> {
    const { config, hooks, hub, intake, laneLink, lifecycle, log, reads, registrations } = this.#parts
    const { failure } = lifecycle
    // Waiting callers get the failure, if there was one, instead of the removal.
    if (failure?.foldLost === true) {
      hub.fail(failure.error)
      reads.failIfUnreadable()
    }
    lifecycle.remove()
    intake.leave()
    hub.close()
    reads.failIfUnreadable()
    const ended = hooks.end(atMost("1 second", config.shutdownTimeout))
    registrations.release()
    laneLink.close(total && { lane: total.#parts.laneLink.lane, at: total.#parts.clock.currentTimeMillisUnsafe() })
    return Effect.andThen(ended, log.lifecycle("removed"))
  }
}
