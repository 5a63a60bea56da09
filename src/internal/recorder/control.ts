/** What only the owner of a recorder may do: the runtime that made it, or the scope of one that was made alone. */
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
  /** Tells it from all others of this process, those of the same id included. */
  readonly instance: number = instanceCount++
  /** By its clock. */
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

  /** Whether the recorder was removed, and its accounting does not change any more. */
  get isSettled(): boolean {
    return this.#parts.intake.isSettled
  }

  metricsUnsafe(): ReadonlyArray<Metric.Any> {
    return this.#parts.registrations.all
  }

  /** Logs that it was made, for whoever made it. */
  get logMade(): Effect.Effect<void> {
    return this.#parts.log.lifecycle("made")
  }

  /** Starts it for the runtime that made it, see `startUnasked` of the lifecycle. */
  get startUnasked(): Effect.Effect<void, StartError | WaitTimeout> {
    return inTime(this.#parts, "start", this.#parts.lifecycle.startUnasked)
  }

  // --- for exporters

  get reads(): Pick<RecorderReads, "shown" | "counted" | "largest"> {
    return this.#parts.reads
  }

  /** The lane, where the recorder can be read. */
  get readableLane(): Lane | undefined {
    return whyUnreadable(this.#parts) === undefined ? this.#parts.laneLink.lane : undefined
  }

  /** Done when every event accepted before has left for the fold, or the recorder can be read no more. */
  get handedOver(): Effect.Effect<void> {
    return Effect.suspend(() => (this.isHandedOver ? Effect.void : Effect.ignore(this.#parts.reads.handedOver)))
  }

  /** Whether that is so now. */
  get isHandedOver(): boolean {
    return this.#parts.intake.isHandedOver
  }

  /** Why a fiber must not wait for a read of this recorder: it runs in a hook that the read would wait for. */
  whyNotReadIn(fiber: Fiber.Fiber<unknown, unknown>): InvalidState | undefined {
    return whyNotReadIn(hookOf(fiber, this.#parts.lifecycle), this.#parts)
  }

  /**
   * Done when every event accepted before is folded, be it that the recorder was removed meanwhile. Fails with how far it
   * has come.
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

  /** Has the fold see what was accepted, at once. */
  publish(): void {
    try {
      this.#parts.intake.flush()
    } catch {
      // What could not be published is still there.
    }
  }

  /** How far it has come with the events up to this sequence number, where it was to have folded them. */
  unfinished({ message }: Error, accepted: number = this.#parts.intake.accepted): Unfinished {
    const { config, intake } = this.#parts
    return { recorderId: config.recorderId, accepted, folded: foldedOf(intake, accepted), reason: message }
  }

  /** An attached thread has registered a metric, and has told the fold. */
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
   * Has the metrics of a recorder that is about to leave what it has counted. Returns the names of those that it has
   * otherwise: nothing of theirs is taken.
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
        // It claims no name: what was removed keeps nobody from registering another metric.
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
   * Stops the recorder if it has been started and not stopped yet. When that takes longer than its `shutdownTimeout`, the
   * recorder is given up.
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

  /** How far a start or a stop has come that does not end. */
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

  /** Done when the reads that were asked for before have their answer. None, if there is nothing to wait for. */
  get answered(): Effect.Effect<void> | undefined {
    return this.#parts.reads.pending.answered
  }

  /** Whether it was given up, by {@link close} or because the fold is gone. */
  get isGivenUp(): boolean {
    return this.#parts.lifecycle.failure?.foldLost === true
  }

  /**
   * Lets go of the lane, at once: the recorder takes and answers nothing any more. What still runs of it is interrupted;
   * the effect that is left waits for that, a second at most. `total`: where what it has counted goes.
   */
  remove(total?: RecorderControl): Effect.Effect<void> {
    const { config, hooks, hub, intake, laneLink, lifecycle, log, reads, registrations } = this.#parts
    const { failure } = lifecycle
    // Who waits already hears of the failure, if there was one, rather than of the removal.
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
