// The types of the metric kit: names of labels, events in pipes, dimensions of derived metrics. Checked by tsc (`npm
// run check`), never run.
import { Schema } from "effect"
import { Metric, Recorder, type Snapshot } from "mvx-metrics"
import { expectTypeOf } from "vitest"

const Job = Schema.TaggedUnion({
  done: { n: Schema.Number, queue: Schema.String, ok: Schema.Boolean, parts: Schema.Array(Schema.String) },
  dropped: { n: Schema.Number, queue: Schema.Literals(["a", "b"]) },
  idle: {}
})
type Job = typeof Job.Type
type Done = typeof Job.cases.done.Type
type Dropped = typeof Job.cases.dropped.Type

const Mail = Schema.TaggedUnion({ sent: { to: Schema.String } })

const events = Job
const done = { events, when: "done" } as const
const both = { events, when: ["done", "dropped"] } as const

type LabelsOf<M extends Metric.Any> =
  Metric.Dimensions<M> extends { readonly series: ReadonlyArray<{ readonly labels: infer L }> } ? L : never
type Tag = "done" | "dropped" | "idle"

// --- what each constructor shows

const Up = Metric.upDownCounter("jobs.level", { ...both, value: "n", labels: ["queue"] })
expectTypeOf(Up.name).toEqualTypeOf<"jobs.level">()
expectTypeOf<Metric.Dimensions<typeof Up>["value"]>().toEqualTypeOf<number>()
expectTypeOf<LabelsOf<typeof Up>>().toEqualTypeOf<{ readonly queue: string }>()

const Sizes = Metric.exponentialHistogram("jobs.sizes", { ...both, value: "n", labels: { of: "queue" } })
expectTypeOf<Metric.Dimensions<typeof Sizes>["positive"]>().toEqualTypeOf<Metric.Buckets>()
expectTypeOf<Metric.Dimensions<typeof Sizes>["p99"]>().toEqualTypeOf<number | null>()
expectTypeOf<LabelsOf<typeof Sizes>>().toEqualTypeOf<{ readonly of: string }>()

const Quantiles = Metric.summary("jobs.quantiles", { ...both, value: (event) => event.n, quantiles: [0.5] })
expectTypeOf<Metric.Dimensions<typeof Quantiles>["quantiles"]>().toEqualTypeOf<{
  readonly [quantile: string]: number | null
}>()
expectTypeOf<Metric.Dimensions<typeof Quantiles>>().not.toHaveProperty("series")

const Rate = Metric.rate("jobs.rate", { events, labels: { tag: ({ _tag }) => _tag }, window: "1 minute" })
expectTypeOf<Metric.Dimensions<typeof Rate>["perSecond"]>().toEqualTypeOf<number>()
expectTypeOf<LabelsOf<typeof Rate>>().toEqualTypeOf<{ readonly tag: Tag }>()

const Recent = Metric.window("jobs.recent", { ...both, value: "n" })
expectTypeOf<Metric.Dimensions<typeof Recent>["average"]>().toEqualTypeOf<number | null>()

const Average = Metric.average("jobs.average", { ...both, value: "n" })
expectTypeOf<Metric.Dimensions<typeof Average>["average"]>().toEqualTypeOf<number | null>()

const Extremes = Metric.minMax("jobs.extremes", { ...both, value: "n", labels: ["queue"] })
expectTypeOf<Metric.Dimensions<typeof Extremes>["series"][number]["min"]>().toEqualTypeOf<number | null>()

const Ok = Metric.ratio("jobs.ok", { ...done, hits: "ok" })
expectTypeOf<Metric.Dimensions<typeof Ok>["ratio"]>().toEqualTypeOf<number | null>()

const Queues = Metric.frequency("jobs.queues", { ...both, value: "queue" })
expectTypeOf<Metric.Dimensions<typeof Queues>["counts"]>().toEqualTypeOf<{ readonly [value: string]: number }>()
expectTypeOf<Metric.Dimensions<typeof Queues>["others"]>().toEqualTypeOf<number | undefined>()

const Distinct = Metric.distinct("jobs.distinct", { ...done, value: ({ queue, ok }) => `${queue} ${ok}` })
expectTypeOf<Metric.Dimensions<typeof Distinct>["estimate"]>().toEqualTypeOf<number>()

expectTypeOf<Metric.Dimensions<typeof Distinct>["overflow"]>().toEqualTypeOf<
  Metric.Overflow<Metric.Distinct> | undefined
>()
expectTypeOf<Metric.Overflow<Metric.Sum>["label"]>().toEqualTypeOf<string>()
expectTypeOf<Metric.Overflow<Metric.Sum>["examples"]>().toEqualTypeOf<ReadonlyArray<Metric.LabelValue>>()

// --- combinators

const Jobs = Metric.counter("jobs", { ...both, labels: ["queue"] })

const Named = Jobs.pipe(Metric.named("jobs.other"), Metric.describe("Jobs"), Metric.unit("{job}"))
expectTypeOf(Named.name).toEqualTypeOf<"jobs.other">()
expectTypeOf<Metric.Dimensions<typeof Named>>().toEqualTypeOf<Metric.Dimensions<typeof Jobs>>()
expectTypeOf<LabelsOf<typeof Named>>().toEqualTypeOf<{ readonly queue: string }>()

const Filtered = Jobs.pipe(
  Metric.filter((event) => {
    expectTypeOf(event).toEqualTypeOf<Done | Dropped>()
    return event._tag === "done" && event.ok
  }),
  Metric.named("jobs.filtered")
)
expectTypeOf(Filtered).toEqualTypeOf<
  Metric.Metric<
    "jobs.filtered",
    Metric.CounterDimensions<{ readonly queue: string }>,
    Metric.SeriesState<Metric.ExactSum>,
    Job,
    Done | Dropped
  >
>()

const ByHand = Metric.make("by_hand", {
  events,
  initial: { count: 0 },
  reduce: { done: (state) => ({ count: state.count + 1 }) },
  merge: (left, right) => {
    expectTypeOf(left).toEqualTypeOf<{ count: number }>()
    return { count: left.count + right.count }
  }
})
const FilteredByHand = ByHand.pipe(Metric.filter((event) => event.ok))
expectTypeOf<Metric.Dimensions<typeof FilteredByHand>>().toEqualTypeOf<{ count: number }>()

const OfMails = Jobs.pipe(
  Metric.mapEvents(Mail, (event) => {
    expectTypeOf(event).toEqualTypeOf<typeof Mail.Type>()
    return { _tag: "dropped", n: 1, queue: "a" }
  })
)
expectTypeOf(OfMails).toEqualTypeOf<
  Metric.Metric<
    "jobs",
    Metric.CounterDimensions<{ readonly queue: string }>,
    Metric.SeriesState<Metric.ExactSum>,
    typeof Mail.Type
  >
>()

const Labelled = ByHand.pipe(
  Metric.labelled({
    tag: (event) => {
      expectTypeOf(event).toEqualTypeOf<Done>()
      return event._tag
    },
    ok: "ok"
  })
)
expectTypeOf<LabelsOf<typeof Labelled>>().toEqualTypeOf<{ readonly tag: "done"; readonly ok: boolean }>()
expectTypeOf<Metric.Dimensions<typeof Labelled>["count"]>().toEqualTypeOf<number>()
expectTypeOf<Metric.Dimensions<typeof Labelled>["series"][number]["count"]>().toEqualTypeOf<number>()

expectTypeOf<Metric.Dimensions<typeof Labelled>["overflow"]>().toEqualTypeOf<
  Metric.Overflow<Omit<{ count: number }, "series" | "overflow" | "rejected">> | undefined
>()
expectTypeOf<NonNullable<Metric.Dimensions<typeof Labelled>["overflow"]>["count"]>().toEqualTypeOf<number>()

const Derived = Metric.derive("jobs.derived", {
  from: { jobs: Jobs, ok: Ok, mails: Metric.counter("mails", { events: Mail }) },
  view: ({ jobs, mails, ok }, now) => {
    expectTypeOf(jobs).toEqualTypeOf<Metric.CounterDimensions<{ readonly queue: string }>>()
    expectTypeOf(ok).toEqualTypeOf<Metric.RatioDimensions<Record<never, never>>>()
    expectTypeOf(now).toEqualTypeOf<number>()
    return { sum: jobs.value + mails.value, ok: ok.ratio }
  }
})
expectTypeOf(Derived.name).toEqualTypeOf<"jobs.derived">()
expectTypeOf<Metric.Dimensions<typeof Derived>>().toEqualTypeOf<{ sum: number; ok: number | null }>()
Metric.fold(Derived, [{ _tag: "idle" }, { _tag: "sent", to: "a" }])
expectTypeOf(Metric.snapshot(Derived, Derived.initial)).toEqualTypeOf<
  Snapshot.Snapshot<{ sum: number; ok: number | null }>
>()

const JobSet = Metric.combine(Jobs, Metric.combine(Ok, ByHand), Derived)
expectTypeOf(JobSet.metrics).toEqualTypeOf<readonly [typeof Jobs, typeof Ok, typeof ByHand, typeof Derived]>()
export const registered = Recorder.register(JobSet)
export const read = Recorder.use((recorder) => recorder.snapshot(Derived))

expectTypeOf(Metric.unread(Job, [Jobs, JobSet])).toEqualTypeOf<ReadonlyArray<"done" | "dropped" | "idle">>()

// --- what is refused

// @ts-expect-error not all events of the family have the field
Jobs.pipe(Metric.labelled({ ok: "ok" }))

// @ts-expect-error a list is no label
Jobs.pipe(Metric.labelled({ parts: (event) => (event._tag === "done" ? event.parts : null) }))

// @ts-expect-error the events of the metric have no such tag
Jobs.pipe(Metric.mapEvents(Mail, () => ({ _tag: "lost" })))

// @ts-expect-error a predicate says yes or no
Jobs.pipe(Metric.filter((event) => event._tag))

// @ts-expect-error there is no such event
Jobs.pipe(Metric.filter((event) => event._tag === "unheard.of"))

// @ts-expect-error a text is not measured
Metric.average("a", { ...both, value: "queue" })

// @ts-expect-error an average has to be told of what
Metric.average("a", both)

// @ts-expect-error an answer is yes or no
Metric.ratio("r", { ...done, hits: "n" })

// @ts-expect-error a ratio is told what are its hits, not its values
Metric.ratio("r", { ...done, value: "ok" })

// @ts-expect-error a list is not counted by its value
Metric.frequency("f", { ...done, value: "parts" })

// @ts-expect-error a gauge sets or adds
Metric.gauge("g", { ...both, value: "n", mode: "subtract" })

// @ts-expect-error a summary has quantiles, no boundaries
Metric.summary("s", { ...both, value: "n", boundaries: [1] })

// @ts-expect-error a number of seconds is a duration, "soon" is none
Metric.rate("r", { events, window: "soon" })

// @ts-expect-error what is derived from has to be metrics
Metric.derive("d", { from: { jobs: "jobs" }, view: () => ({}) })

// @ts-expect-error there is no source of this name
Metric.derive("d", { from: { jobs: Jobs }, view: ({ job }) => job })

// @ts-expect-error a set is made of metrics and sets
Metric.combine(Jobs, "ok")

// @ts-expect-error the series have no such label
export const noLabel = Metric.snapshot(Named, Named.initial).dimensions.series[0]?.labels.verb

// @ts-expect-error what is derived shows nothing of the kind
export const nothing = Metric.snapshot(Derived, Derived.initial).dimensions.average

export const typed = (event: Done): Job => event
