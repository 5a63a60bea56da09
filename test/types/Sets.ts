// The types that pipes and sets keep of their metrics: the events they read, their names and dimensions. Checked by tsc
// (`npm run check`), never run.
import { Schema } from "effect"
import { Metric, type MetricEvent, Recorder, type RecorderService, Replay, type Snapshot } from "mvx-metrics"
import { expectTypeOf } from "vitest"

const Job = Schema.TaggedUnion({
  done: { n: Schema.Number, ok: Schema.Boolean },
  dropped: { n: Schema.Number, queue: Schema.Literals(["a", "b"]) },
  idle: {}
})
type Job = typeof Job.Type
type Done = typeof Job.cases.done.Type
type Dropped = typeof Job.cases.dropped.Type
const Mail = Schema.TaggedUnion({ sent: { to: Schema.String } })
type Mail = typeof Mail.Type

const events = Job
const All = Metric.counter("all", { events })
const DoneJobs = Metric.counter("done", { events, when: "done" })
const Both = Metric.histogram("both", { events, when: ["done", "dropped"], value: "n", unit: "s" })
const Mails = Metric.counter("mails", { events: Mail, labels: ["to"] })
const ByHand = Metric.make("by_hand", {
  events,
  initial: 0,
  reduce: { done: (count) => count + 1, idle: (count) => count }
})

// --- the events that a metric reads

expectTypeOf<Metric.EventsOf<typeof All>>().toEqualTypeOf<Job>()
expectTypeOf<Metric.EventsOf<typeof DoneJobs>>().toEqualTypeOf<Done>()
expectTypeOf<Metric.EventsOf<typeof Both>>().toEqualTypeOf<Done | Dropped>()
expectTypeOf<Metric.EventsOf<typeof ByHand>>().toEqualTypeOf<Done | typeof Job.cases.idle.Type>()
expectTypeOf<Metric.EventsOf<typeof Mails>>().toEqualTypeOf<Mail>()
expectTypeOf<Metric.EventsOf<Metric.Any>>().toEqualTypeOf<MetricEvent.MetricEvent>()
expectTypeOf<Metric.EventsOf<Metric.MetricSet>>().toEqualTypeOf<MetricEvent.MetricEvent>()
expectTypeOf<Metric.EventsOf<typeof DoneJobs | typeof Mails>>().toEqualTypeOf<Done | Mail>()

const tags: ReadonlyArray<keyof typeof Job.cases> = ["done"]
const OfAnyTag = Metric.counter("any_tag", { events, when: tags })
expectTypeOf<Metric.EventsOf<typeof OfAnyTag>>().toEqualTypeOf<Job>()
const reducers: { readonly [tag: string]: (count: number) => number } = { done: (count) => count + 1 }
const OfAnyReducer = Metric.make("any_reducer", { events, initial: 0, reduce: reducers })
expectTypeOf<Metric.EventsOf<typeof OfAnyReducer>>().toEqualTypeOf<Job>()

const Mapped = DoneJobs.pipe(Metric.mapEvents(Mail, () => ({ _tag: "done", n: 1, ok: true })))
expectTypeOf<Metric.EventsOf<typeof Mapped>>().toEqualTypeOf<Mail>()
const Derived = Metric.derive("derived", { from: { DoneJobs, Mails }, view: (of) => of.DoneJobs.value })
expectTypeOf<Metric.EventsOf<typeof Derived>>().toEqualTypeOf<Done | Mail>()
const Piped = DoneJobs.pipe(
  Metric.named("piped"),
  Metric.describe("Jobs"),
  Metric.unit("{job}"),
  Metric.filter((event) => event.ok),
  Metric.labelled({ ok: "ok" })
)
expectTypeOf<Metric.EventsOf<typeof Piped>>().toEqualTypeOf<Done>()

// A fold takes all events of the family, whatever the metric reads of them.
Metric.fold(DoneJobs, [{ _tag: "idle" }, { _tag: "done", n: 1, ok: true }])
Metric.fold(Derived, [{ _tag: "idle" }, { _tag: "sent", to: "a" }])
Metric.reduce(ByHand, 0, { _tag: "dropped", n: 1, queue: "a" })

declare const eventOfDone: Metric.EventsOf<typeof DoneJobs>
expectTypeOf(eventOfDone.ok).toEqualTypeOf<boolean>()
// @ts-expect-error the metric does not read this event
export const notRead: Metric.EventsOf<typeof DoneJobs> = { _tag: "dropped", n: 1, queue: "a" }
// @ts-expect-error no event of the family
export const unheardOf: Metric.EventsOf<typeof All> = { _tag: "lost" }
// @ts-expect-error only metrics and sets read events
export type OfAName = Metric.EventsOf<"done">

// --- combinators, with the metric first or in a pipe

expectTypeOf(Metric.named(DoneJobs, "other")).toEqualTypeOf<ReturnType<typeof other>>()
const other = () => DoneJobs.pipe(Metric.named("other"))
expectTypeOf(Metric.describe(DoneJobs, "Jobs")).toEqualTypeOf<typeof DoneJobs>()
expectTypeOf(Metric.unit(DoneJobs, "{job}")).toEqualTypeOf<typeof DoneJobs>()
const Filtered = Metric.filter(DoneJobs, (event) => {
  expectTypeOf(event).toEqualTypeOf<Done>()
  return event.ok
})
expectTypeOf(Filtered).toEqualTypeOf<typeof DoneJobs>()
expectTypeOf(Metric.labelled(DoneJobs, { ok: "ok" })).toEqualTypeOf<ReturnType<typeof labelled>>()
const labelled = () => DoneJobs.pipe(Metric.labelled({ ok: "ok" }))
const MappedFirst = Metric.mapEvents(DoneJobs, Mail, (event) => {
  expectTypeOf(event).toEqualTypeOf<Mail>()
  return { _tag: "done", n: event.to.length, ok: true }
})
expectTypeOf(MappedFirst).toEqualTypeOf<typeof Mapped>()

// @ts-expect-error the family has no event of this tag
Metric.counter("c", { events, when: "lost" })
// @ts-expect-error the metric does not read events of this tag
DoneJobs.pipe(Metric.filter((event) => event._tag === "dropped"))
// @ts-expect-error the metric does not read events of this tag
Metric.filter(DoneJobs, (event) => event._tag === "dropped")
// @ts-expect-error the events that the metric reads have no such field
DoneJobs.pipe(Metric.filter((event) => event.queue === "a"))
// @ts-expect-error not all the events that the metric reads have this field
Both.pipe(Metric.filter((event) => event.ok))
// @ts-expect-error another event has this field
DoneJobs.pipe(Metric.labelled({ queue: "queue" }))
// @ts-expect-error another event has this field
Metric.labelled(DoneJobs, { queue: "queue" })
// @ts-expect-error another event has this field
DoneJobs.pipe(Metric.labelled({ queue: (event) => event.queue }))
// @ts-expect-error no reducer reads the event that has this field
ByHand.pipe(Metric.labelled({ queue: (event) => event.queue }))
// @ts-expect-error the metric's family has no such event
Metric.mapEvents(DoneJobs, Mail, () => ({ _tag: "lost" }))
// @ts-expect-error a name is a string
Metric.named(DoneJobs, 7)
// @ts-expect-error no metric
Metric.filter("done", () => true)

// --- sets keep their metrics, however they are nested

const Module = Metric.module(import.meta.url, [DoneJobs, Both])
expectTypeOf(Module).toEqualTypeOf<Metric.MetricSet<readonly [typeof DoneJobs, typeof Both]>>()
const Nested = Metric.combine(All, Metric.combine(Module, Metric.module(import.meta.url, [ByHand])), Mails)
expectTypeOf(Nested.metrics).toEqualTypeOf<
  readonly [typeof All, typeof DoneJobs, typeof Both, typeof ByHand, typeof Mails]
>()
expectTypeOf<Metric.EventsOf<typeof Module>>().toEqualTypeOf<Done | Dropped>()
expectTypeOf<Metric.EventsOf<typeof Nested>>().toEqualTypeOf<Job | Mail>()
expectTypeOf(Module).toExtend<Metric.MetricSet>()
declare const many: ReadonlyArray<typeof DoneJobs | typeof Module>
expectTypeOf(Metric.combine(...many).metrics).toEqualTypeOf<ReadonlyArray<typeof DoneJobs | typeof Both>>()
declare const anyMetrics: ReadonlyArray<Metric.Any>
expectTypeOf(Metric.combine(...anyMetrics)).toExtend<Metric.MetricSet>()

declare const eventOfModule: Metric.EventsOf<typeof Module>
expectTypeOf(eventOfModule.n).toEqualTypeOf<number>()
// @ts-expect-error no metric of the set reads this event
export const notReadBySet: Metric.EventsOf<typeof Module> = { _tag: "idle" }
// @ts-expect-error a set is made of metrics and sets
Metric.module(import.meta.url, [DoneJobs, "both"])

// --- what is read of a set

declare const recorder: RecorderService

type Shown = Snapshot.SnapshotsOf<typeof Module>
expectTypeOf<Shown>().toEqualTypeOf<{
  readonly done: Snapshot.Snapshot<Metric.Dimensions<typeof DoneJobs>, "done">
  readonly both: Snapshot.Snapshot<Metric.Dimensions<typeof Both>, "both">
}>()
expectTypeOf<Shown>().toExtend<Snapshot.Snapshots>()
expectTypeOf<Snapshot.SnapshotsOf<Metric.MetricSet>>().toEqualTypeOf<Snapshot.Snapshots>()
const read = Recorder.use((self) => self.snapshot(Module))
export type Read = Recorder | typeof read
export const values = async (shown: Shown): Promise<number> => shown.done.dimensions.value + shown.both.dimensions.count
// @ts-expect-error the set has no metric of this name
export const noMetric = (shown: Shown) => shown.by_hand
// @ts-expect-error the metric of this name has other dimensions
export const noCount = (shown: Shown) => shown.done.dimensions.count
// @ts-expect-error a set is read as a set, not as a list of its metrics
recorder.snapshot([DoneJobs, Both])
// @ts-expect-error a set is asked for by its definition, not by its names
recorder.snapshot("done")

const changes = recorder.changesOf(Module)
declare const change: typeof changes extends { readonly "~effect/Stream": { readonly _A: (_: never) => infer A } }
  ? A
  : never
expectTypeOf(change).toEqualTypeOf<Snapshot.MetricChange<Snapshot.SnapshotOf<typeof Module>>>()
expectTypeOf(change).toExtend<Snapshot.MetricChange>()
expectTypeOf(change.snapshot.name).toEqualTypeOf<"done" | "both">()
if (change.snapshot.name === "done") {
  expectTypeOf(change.snapshot.dimensions).toEqualTypeOf<Metric.Dimensions<typeof DoneJobs>>()
  // @ts-expect-error the dimensions of the other metric
  void change.snapshot.dimensions.count
} else {
  expectTypeOf(change.snapshot.dimensions).toEqualTypeOf<Metric.Dimensions<typeof Both>>()
}
// @ts-expect-error no metric of the set has this name
export const isByHand = change.snapshot.name === "by_hand"
expectTypeOf<Snapshot.SnapshotOf<typeof DoneJobs>>().toEqualTypeOf<
  Snapshot.Snapshot<Metric.Dimensions<typeof DoneJobs>, "done">
>()
expectTypeOf<Snapshot.SnapshotOf<Metric.MetricSet>>().toEqualTypeOf<Snapshot.Snapshot>()
// @ts-expect-error changes are asked for by definitions, not by names
recorder.changesOf("done")

// --- a replay shows what a recorder would, by the same type

const captured = [{ at: 0, event: { _tag: "cache.lookup", hit: true } }]
expectTypeOf(Replay.run(Module, captured)).toEqualTypeOf<Snapshot.SnapshotsOf<typeof Module>>()
expectTypeOf<Snapshot.SnapshotsOf<readonly [typeof Module]>>().toEqualTypeOf<Snapshot.SnapshotsOf<typeof Module>>()
