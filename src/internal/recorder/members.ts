/** The operations of a recorder for its users, and those for emitters and exporters of this package. */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import type { RecorderFailed } from "../model/recorderErrors.ts"
import type { MetricNotRegistered, RegisterError } from "../model/registerErrors.ts"
import type { Stats } from "../model/stats.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import { effectStream } from "../util/effectStream.ts"
import type { ChangePulls, Subscribe } from "./changePulls.ts"
import { RecorderEmission } from "./emission.ts"
import type { ServiceMembers } from "./internals.ts"
import { type FlushOptions, flushOptionChecks, type RegisterOptions, type SnapshotOptions } from "./options.ts"
import { statsOf } from "./reads.ts"
import { type Registrar, registerMetrics, whyNotReset } from "./registering.ts"
import type { Registrations } from "./registrations.ts"
import { CurrentWaitTimeout, inTime } from "./waitTimeout.ts"
import { wantedOf } from "./wantedOf.ts"

// One object for everything, because there may be ten thousand recorders. Views that a service shows are created on
// access.
export class RecorderMembers extends RecorderEmission implements ServiceMembers, Registrar {
  get recorderId(): string {
    return this.parts.config.recorderId
  }

  get entityId(): string {
    return this.parts.config.entityId
  }

  // --- its life

  get start() {
    return inTime(this.parts, "start", this.parts.lifecycle.start)
  }

  get stop() {
    return inTime(this.parts, "stop", this.parts.lifecycle.stop)
  }

  get state() {
    return this.#logged("the state of its life", () => this.parts.lifecycle.state)
  }

  get stats() {
    return this.#logged("the accounting", () => this.statsUnsafe())
  }

  statsUnsafe(): Stats {
    return statsOf(this.parts)
  }

  #logged<A>(what: string, look: () => A): Effect.Effect<A> {
    return Effect.andThen(this.parts.log.inspection(`read ${what}`), Effect.sync(look))
  }

  // --- metrics

  get registrations(): Registrations {
    return this.parts.registrations
  }

  get metrics() {
    return this.#logged("the list of metrics", () => this.metricsUnsafe())
  }

  metricsUnsafe(): ReadonlyArray<Metric.Any> {
    return this.registrations.all
  }

  reads(tag: string): boolean {
    return this.registrations.reads(tag)
  }

  registerMetrics(given: Metric.Any | Metric.MetricSet, options?: RegisterOptions): Effect.Effect<void, RegisterError> {
    return Effect.suspend(() => {
      const { link, waitTimeout } = this.parts.config
      const found = link.catalog?.find(given, waitTimeout)
      const register = registerMetrics(this, given, options)
      if (found === undefined) return register
      const closed = this.whyClosedForMetrics()
      if (closed !== undefined) return this.registrations.refuse(closed)
      return found.pipe(
        Effect.catch((reason) => this.registrations.refuse(reason)),
        Effect.andThen(register)
      )
    })
  }

  putMetrics(
    metrics: ReadonlyArray<Metric.Any>,
    settle: (put: (metric: Metric.Any) => void) => void
  ): Effect.Effect<void> {
    const { config, intake, laneLink, log, reads } = this.parts
    const at = this.clock.currentTimeMillisUnsafe()
    const registered = Effect.andThen(
      Effect.sync(() => {
        intake.flush()
        config.link.durable?.onRegistered(config.recorderId)
      }).pipe(Effect.andThen(Effect.suspend(() => reads.registered))),
      log.lifecycle(`registered ${metrics.map(({ name }) => `the metric ${name}`).join(", ")}`)
    )
    intake.forgetLayouts()
    intake.addBarrier(() => {
      settle((metric) => laneLink.send({ _tag: "Register", name: metric.name, metric, at }))
      // Earlier events were also written for the metrics that it has replaced.
      intake.forgetLayouts()
    })
    return registered
  }

  whyClosedForMetrics(): InvalidState | undefined {
    const { lifecycle } = this.parts
    const { removed, state } = lifecycle
    return !removed && (state === "Idle" || state === "Starting" || state === "Running")
      ? undefined
      : lifecycle.invalidState("take a metric", "Register metrics while it is idle, starting or running")
  }

  get reset() {
    return (metric?: Metric.Any): Effect.Effect<void, MetricNotRegistered | InvalidState> =>
      Effect.suspend(() => {
        const refusal = whyNotReset(this, metric)
        if (refusal !== undefined) return refuse(refusal)
        const { intake, laneLink, log } = this.parts
        const at = this.clock.currentTimeMillisUnsafe()
        intake.afterAccepted(() =>
          laneLink.send({ _tag: "Reset", at, ...(metric !== undefined && { name: metric.name }) })
        )
        return log.lifecycle(`reset ${metric === undefined ? "all metrics" : `the metric ${metric.name}`}`)
      })
  }

  // --- reads and changes

  get snapshots() {
    return this.parts.reads.snapshots
  }

  get snapshot() {
    return (metrics: Metric.Any | Metric.MetricSet, options?: SnapshotOptions) =>
      this.parts.reads.snapshot(metrics, options)
  }

  get report() {
    return this.parts.reads.report
  }

  get states() {
    return this.parts.reads.states
  }

  get deltaReader() {
    return this.parts.reads.deltaReader
  }

  get flush() {
    return (options?: FlushOptions) =>
      Effect.andThen(
        refuse(whyInvalidOptions(options, flushOptionChecks)),
        Effect.suspend(() =>
          options?.timeout === undefined
            ? this.parts.reads.flush
            : Effect.provideService(this.parts.reads.flush, CurrentWaitTimeout, options.timeout)
        )
      )
  }

  get pulls(): ChangePulls {
    const { hub } = this.parts
    return {
      changes: hub.every(),
      changesOf: (metrics) => Effect.flatMap(wantedOf(metrics, this.registrations), (isWanted) => hub.every(isWanted)),
      latestChanges: hub.latest
    }
  }

  get changes() {
    return streamOf(this.pulls.changes)
  }

  get changesOf() {
    return (metrics: Metric.Any | Metric.MetricSet) => streamOf(this.pulls.changesOf(metrics)) as never
  }

  get latestChanges() {
    return streamOf(this.pulls.latestChanges)
  }
}

const streamOf = <E>(subscribe: Subscribe<E>): Stream.Stream<MetricChange, E | RecorderFailed> => {
  const { fromPull, scoped } = effectStream()
  return scoped(fromPull(subscribe))
}
