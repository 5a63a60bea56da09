// The calls of components and applications to a recorder. Checked by tsc (`npm run check`), never run.
import { Context, Effect, type Exit, type Layer, LayerMap, type Scope, type Stream } from "effect"
import {
  type MetricsError as E,
  type Emitter,
  type MetricEvent,
  type MetricsRuntime,
  Recorder,
  type RecorderService,
  type RecorderState,
  type Snapshot,
  type Stats
} from "mvx-metrics"
import { expectTypeOf } from "vitest"
import { EvenTicks, type ProbeEvent, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

// --- components need nothing in R

expectTypeOf(Recorder.emit(tick())).toEqualTypeOf<Effect.Effect<void>>()
expectTypeOf(Recorder.register(Ticks)).toEqualTypeOf<Effect.Effect<Emitter<ReturnType<typeof tick>>, E.RegisterError>>()

Recorder.emit<ProbeEvent>({ _tag: "probe.tick", n: 1 })
// @ts-expect-error the family has no event of this tag
Recorder.emit<ProbeEvent>({ _tag: "probe.tack", n: 1 })
// @ts-expect-error the field is of another type
Recorder.emit<ProbeEvent>({ _tag: "probe.tick", n: "1" })
// @ts-expect-error a field is missing
Recorder.emit<ProbeEvent>({ _tag: "probe.tick" })
// @ts-expect-error a field too many
Recorder.emit<ProbeEvent>({ _tag: "probe.tick", n: 1, m: 2 })
// @ts-expect-error no event: it has no tag
Recorder.emit({ n: 1 })
// @ts-expect-error no event: its tag is no string
Recorder.emit({ _tag: 1 })
// @ts-expect-error no metric
Recorder.register({ name: "probe.ticks" })
// @ts-expect-error a misspelt option
Recorder.register(Ticks, { replaced: true })

// --- onExit leaves the effect as it is

class Failure {
  readonly _tag = "Failure"
}
class Service extends Context.Service<Service, { readonly n: number }>()("types/Service") {}
declare const work: Effect.Effect<number, Failure, Service>
type Work = typeof work

declare const made: MetricEvent.MetricEvent | undefined
const ofAnyExit = (exit: Exit.Exit<unknown, unknown>) => (exit._tag === "Success" ? made : undefined)
const ofThisExit = (exit: Exit.Exit<number, Failure>) => (exit._tag === "Success" ? made : undefined)
const ofEachExit = <A, E>(exit: Exit.Exit<A, E>) => (exit._tag === "Success" ? made : undefined)
const ofNoExit = () => made

expectTypeOf(
  Recorder.onExit(work, (exit) => {
    expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
    return made
  })
).toEqualTypeOf<Work>()
expectTypeOf(Recorder.onExit(work, ofAnyExit)).toEqualTypeOf<Work>()
expectTypeOf(Recorder.onExit(work, ofThisExit)).toEqualTypeOf<Work>()
expectTypeOf(Recorder.onExit(work, ofEachExit)).toEqualTypeOf<Work>()
expectTypeOf(Recorder.onExit(work, ofNoExit)).toEqualTypeOf<Work>()

expectTypeOf(
  work.pipe(
    Recorder.onExit((exit) => {
      expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
      return made
    })
  )
).toEqualTypeOf<Work>()
expectTypeOf(work.pipe(Recorder.onExit(ofAnyExit))).toEqualTypeOf<Work>()
expectTypeOf(work.pipe(Recorder.onExit(ofThisExit))).toEqualTypeOf<Work>()
expectTypeOf(work.pipe(Recorder.onExit(ofEachExit))).toEqualTypeOf<Work>()
expectTypeOf(work.pipe(Recorder.onExit(ofNoExit))).toEqualTypeOf<Work>()
expectTypeOf(Recorder.onExit(ofThisExit)(work)).toEqualTypeOf<Work>()

type Method = (n: number) => Work
const body = function* (n: number) {
  return n + (yield* work)
}
expectTypeOf(
  Effect.fn("work")(
    body,
    Recorder.onExit((exit) => {
      expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
      return made
    })
  )
).toEqualTypeOf<Method>()
expectTypeOf(Effect.fn("work")(body, Recorder.onExit(ofAnyExit))).toEqualTypeOf<Method>()
expectTypeOf(Effect.fn("work")(body, Recorder.onExit(ofThisExit))).toEqualTypeOf<Method>()
expectTypeOf(Effect.fn("work")(body, Recorder.onExit(ofEachExit))).toEqualTypeOf<Method>()
expectTypeOf(Effect.fn("work")(body, Recorder.onExit(ofNoExit))).toEqualTypeOf<Method>()

// @ts-expect-error what is made is no event
Recorder.onExit(work, () => ({ tag: "work.done" }))
// @ts-expect-error what is made is no event
work.pipe(Recorder.onExit(() => ({ tag: "work.done" })))
// @ts-expect-error the effect succeeds with something else
work.pipe(Recorder.onExit((exit: Exit.Exit<string, Failure>) => (exit._tag === "Success" ? made : undefined)))

// --- applications read

expectTypeOf(Recorder.snapshots).toEqualTypeOf<
  Effect.Effect<Snapshot.Snapshots, E.RecorderFailed | E.InvalidState | E.WaitTimeout, Recorder>
>()
expectTypeOf(Recorder.report).toEqualTypeOf<
  Effect.Effect<Snapshot.Report, E.RecorderFailed | E.InvalidState | E.WaitTimeout, Recorder>
>()

declare const recorder: RecorderService

type ReadOne<Dimensions> = Effect.Effect<
  Snapshot.Snapshot<Dimensions>,
  E.RecorderFailed | E.InvalidState | E.WaitTimeout | E.MetricNotRegistered
>
expectTypeOf(recorder.snapshot(Ticks)).toEqualTypeOf<ReadOne<{ count: number; sum: number }>>()
expectTypeOf(recorder.snapshot(EvenTicks)).toEqualTypeOf<ReadOne<{ readonly value: number }>>()
// The type of a view is that of the dimensions.
expectTypeOf(recorder.snapshot(TickLog)).toEqualTypeOf<
  ReadOne<{ log: ReadonlyArray<readonly [n: number, at: number]>; now: number }>
>()
expectTypeOf(Recorder.use((self) => self.snapshot(EvenTicks))).toEqualTypeOf<
  Effect.Effect<
    Snapshot.Snapshot<{ readonly value: number }>,
    E.RecorderFailed | E.InvalidState | E.WaitTimeout | E.MetricNotRegistered,
    Recorder
  >
>()
// @ts-expect-error a metric is asked for by its definition, not by its name
recorder.snapshot("probe.ticks")

// --- what each method of the service can fail with

expectTypeOf(recorder.emit(tick())).toEqualTypeOf<
  Effect.Effect<boolean, E.InvalidArgument | E.QueueOverflow | E.InvalidState>
>()
expectTypeOf(recorder.emitUnsafe(tick())).toEqualTypeOf<boolean>()
expectTypeOf(recorder.register(Ticks, { replace: true })).toEqualTypeOf<
  ReturnType<typeof Recorder.register<typeof Ticks>>
>()
expectTypeOf(recorder.snapshots).toEqualTypeOf<
  Effect.Effect<Snapshot.Snapshots, E.RecorderFailed | E.InvalidState | E.WaitTimeout>
>()
expectTypeOf(recorder.report).toEqualTypeOf<
  Effect.Effect<Snapshot.Report, E.RecorderFailed | E.InvalidState | E.WaitTimeout>
>()
expectTypeOf(recorder.flush({ timeout: 500 })).toEqualTypeOf<
  Effect.Effect<void, E.RecorderFailed | E.InvalidState | E.WaitTimeout>
>()
expectTypeOf(recorder.stats).toEqualTypeOf<Effect.Effect<Stats>>()
expectTypeOf(recorder.state).toEqualTypeOf<Effect.Effect<RecorderState>>()
expectTypeOf(recorder.start).toEqualTypeOf<
  Effect.Effect<void, E.InvalidState | E.HookFailed | E.RecorderFailed | E.WaitTimeout>
>()
expectTypeOf(recorder.stop).toEqualTypeOf<
  Effect.Effect<void, E.InvalidState | E.HookFailed | E.RecorderFailed | E.WaitTimeout>
>()
expectTypeOf(recorder.changes).toEqualTypeOf<Stream.Stream<Snapshot.MetricChange, E.RecorderFailed>>()
expectTypeOf(recorder.latestChanges).toEqualTypeOf<Stream.Stream<Snapshot.MetricChange, E.RecorderFailed>>()

recorder.emit<ProbeEvent>(tick())
// @ts-expect-error the family has no such event
recorder.emit<ProbeEvent>({ _tag: "probe.tack" })
// @ts-expect-error the family has no such event
recorder.emitUnsafe<ProbeEvent>({ _tag: "probe.tack" })

// --- options, and what hooks need

const hooked = {
  onStarting: Effect.asVoid(Service),
  onMetricChanged: (change: Snapshot.MetricChange) => Effect.logDebug(change.tag)
}
type ShareError =
  | E.RecorderAlreadyExists
  | E.RecorderOptionsDiffer
  | E.InvalidState
  | E.HookFailed
  | E.RecorderFailed
  | E.WaitTimeout
expectTypeOf(Recorder.layer("probe")).toEqualTypeOf<Layer.Layer<Recorder, ShareError, MetricsRuntime>>()
expectTypeOf(Recorder.layer("probe", hooked)).toEqualTypeOf<
  Layer.Layer<Recorder, ShareError, MetricsRuntime | Service>
>()
expectTypeOf(Recorder.make()).toEqualTypeOf<Effect.Effect<RecorderService, never, Scope.Scope>>()
expectTypeOf(Recorder.make(hooked)).toEqualTypeOf<Effect.Effect<RecorderService, never, Scope.Scope | Service>>()

Recorder.make({ entityId: "door-1", capacity: 10, overflow: "backpressure", logging: "silent" })
// @ts-expect-error a misspelt option
Recorder.make({ capacty: 10 })
// @ts-expect-error no such overflow policy
Recorder.make({ overflow: "drop" })
// @ts-expect-error no such level of detail
Recorder.make({ logging: "verbose" })
// @ts-expect-error a number
Recorder.make({ capacity: "10" })
// @ts-expect-error a hook is an effect, not a function
Recorder.make({ onStarting: () => Effect.void })
// @ts-expect-error a hook of changes is a function that gives an effect
Recorder.make({ onMetricChanged: Effect.void })
// @ts-expect-error a misspelt option
Recorder.layer("probe", { onStart: Effect.void })
// @ts-expect-error the id is missing
Recorder.layer({ capacity: 10 })

// --- why a registration failed

type Reason =
  | E.InvalidState
  | E.MetricNameTaken
  | E.MetricNameCollision
  | E.UnknownMetric
  | E.DefinitionMismatch
  | E.MetricsModuleError

const registering = Effect.as(recorder.register(Ticks), true)
expectTypeOf<E.RegisterError["reason"]>().toEqualTypeOf<Reason>()
expectTypeOf(Effect.unwrapReason(registering, "mvx-metrics/RegisterError")).toEqualTypeOf<
  Effect.Effect<boolean, Reason>
>()
expectTypeOf(
  Effect.catchReason(registering, "mvx-metrics/RegisterError", "mvx-metrics/MetricNameTaken", (reason) => {
    expectTypeOf(reason).toEqualTypeOf<E.MetricNameTaken>()
    return Effect.succeed(reason.metric)
  })
).toEqualTypeOf<Effect.Effect<boolean | string, E.RegisterError>>()
registering.pipe(
  Effect.catchReasons("mvx-metrics/RegisterError", {
    "mvx-metrics/UnknownMetric": ({ known }) => Effect.succeed(known),
    "mvx-metrics/DefinitionMismatch": ({ differences }) => Effect.succeed(differences)
  })
)
// @ts-expect-error bad input is a defect
Effect.catchReason(registering, "mvx-metrics/RegisterError", "mvx-metrics/InvalidArgument", () => Effect.void)
// @ts-expect-error what was the error itself is its reason
Effect.catchTag(registering, "mvx-metrics/MetricNameTaken", () => Effect.void)

// --- what a recorder requires is what its hooks require, wherever its layer is used

class Tenants extends LayerMap.Service<Tenants>()("types/Tenants", {
  lookup: (tenant: string) => Recorder.layer(tenant)
}) {}
expectTypeOf(Tenants.layer).toEqualTypeOf<Layer.Layer<Tenants, never, MetricsRuntime>>()
