// Built-in metrics that the compiler must reject, and the types it must infer. Checked by tsc (`npm run check`), never
// run.
import { Schema } from "effect"
import { Metric, Recorder, type Snapshot } from "mvx-metrics"
import { expectTypeOf } from "vitest"

const Http = Schema.TaggedUnion({
  request: {
    method: Schema.Literals(["GET", "PUT"]),
    ok: Schema.Boolean,
    user: Schema.optional(Schema.NullOr(Schema.String)),
    seconds: Schema.Number,
    bytes: Schema.optional(Schema.NullOr(Schema.Number)),
    headers: Schema.Array(Schema.String),
    size: Schema.BigInt
  },
  upload: { method: Schema.Literals(["PUT", "POST"]), seconds: Schema.Number, parts: Schema.Number },
  closed: {}
})
type Request = typeof Http.cases.request.Type
type Upload = typeof Http.cases.upload.Type

const events = Http
const requests = { events, when: "request" } as const
const both = { events, when: ["request", "upload"] } as const

type LabelsOf<M extends Metric.Any> =
  Metric.Dimensions<M> extends { readonly series: ReadonlyArray<{ readonly labels: infer L }> } ? L : never

// --- what is found

const All = Metric.counter("http.events", { events })
expectTypeOf(All.name).toEqualTypeOf<"http.events">()
expectTypeOf(All).toExtend<Metric.Any>()
expectTypeOf<Metric.State<typeof All>>().toEqualTypeOf<Metric.SeriesState<Metric.ExactSum>>()
expectTypeOf<Metric.Dimensions<typeof All>["value"]>().toEqualTypeOf<number>()
expectTypeOf<Metric.Dimensions<typeof All>["overflow"]>().toEqualTypeOf<
  Metric.Overflow<{ readonly value: number }> | undefined
>()
expectTypeOf<Metric.Dimensions<typeof All>["rejected"]>().toEqualTypeOf<number | undefined>()
expectTypeOf<Metric.Dimensions<typeof All>>().not.toHaveProperty("series")

const Requests = Metric.counter("http.requests", { ...requests, labels: ["method", "user"] })
expectTypeOf<LabelsOf<typeof Requests>>().toEqualTypeOf<{
  readonly method: "GET" | "PUT"
  readonly user: string | null
}>()
expectTypeOf<Metric.Dimensions<typeof Requests>["series"][number]["value"]>().toEqualTypeOf<number>()

const Named = Metric.counter("http.named", {
  ...requests,
  filter: (event) => {
    expectTypeOf(event).toEqualTypeOf<Request>()
    return event.ok
  },
  value: (event, at) => {
    expectTypeOf(event).toEqualTypeOf<Request>()
    expectTypeOf(at).toEqualTypeOf<number>()
    return event.bytes
  },
  labels: {
    verb: "method",
    slow: (event, at) => {
      expectTypeOf(event).toEqualTypeOf<Request>()
      expectTypeOf(at).toEqualTypeOf<number>()
      return event.seconds > 1
    }
  }
})
expectTypeOf<LabelsOf<typeof Named>>().toEqualTypeOf<{
  readonly verb: "GET" | "PUT"
  readonly slow: boolean
}>()

const OfBoth = Metric.counter("http.both", {
  ...both,
  filter: (event) => {
    expectTypeOf(event).toEqualTypeOf<Request | Upload>()
    return true
  },
  labels: ["method"]
})
expectTypeOf<LabelsOf<typeof OfBoth>>().toEqualTypeOf<{ readonly method: "GET" | "PUT" | "POST" }>()

const Latest = Metric.gauge("http.latest", { ...both, value: "seconds" })
expectTypeOf<Metric.Dimensions<typeof Latest>["value"]>().toEqualTypeOf<number | null>()
expectTypeOf<Metric.Dimensions<typeof Latest>["at"]>().toEqualTypeOf<number | null>()
const LatestByUser = Metric.gauge("http.latest", { ...requests, value: "bytes", labels: ["user"] })
expectTypeOf<Metric.Dimensions<typeof LatestByUser>>().not.toHaveProperty("value")
expectTypeOf<Metric.Dimensions<typeof LatestByUser>["series"][number]["at"]>().toEqualTypeOf<number>()
expectTypeOf<LabelsOf<typeof LatestByUser>>().toEqualTypeOf<{ readonly user: string | null }>()

const Durations = Metric.histogram("http.durations", { ...both, value: "seconds", boundaries: [0.1, 1] })
expectTypeOf<Metric.Dimensions<typeof Durations>["counts"]>().toEqualTypeOf<ReadonlyArray<number>>()
expectTypeOf<Metric.Dimensions<typeof Durations>["min"]>().toEqualTypeOf<number | null>()
expectTypeOf<Metric.Dimensions<typeof Durations>["boundaries"]>().toEqualTypeOf<ReadonlyArray<number>>()
expectTypeOf<Metric.Dimensions<typeof Durations>>().not.toHaveProperty("series")
const DurationsByOk = Metric.histogram("http.durations", { ...requests, value: "seconds", labels: ["ok"] })
expectTypeOf<LabelsOf<typeof DurationsByOk>>().toEqualTypeOf<{ readonly ok: boolean }>()
expectTypeOf<Metric.Dimensions<typeof DurationsByOk>["series"][number]["sum"]>().toEqualTypeOf<number>()

// A built-in metric is a metric like any other.
const state = Metric.fold(Requests, [{ _tag: "closed" }, { _tag: "upload", method: "PUT", seconds: 1, parts: 2 }])
expectTypeOf(Metric.snapshot(Requests, state)).toEqualTypeOf<Snapshot.Snapshot<Metric.Dimensions<typeof Requests>>>()
export const read = Recorder.use((recorder) => recorder.snapshot(DurationsByOk))

// The span, or fields with text.
Metric.counter("c", { ...requests, exemplar: "span" })
Metric.counter("c", { ...requests, exemplar: "user" })
Metric.histogram("h", { ...requests, value: "seconds", boundaries: [1], exemplar: "span" })
Metric.histogram("h", {
  ...requests,
  value: "seconds",
  boundaries: [1],
  exemplar: { traceId: "user", spanId: "method" }
})

// --- definitions that are refused

// @ts-expect-error the event has no such field
Metric.counter("c", { ...requests, labels: ["verb"] })

// @ts-expect-error a list is no label
Metric.counter("c", { ...requests, labels: ["headers"] })

// @ts-expect-error nor is a bigint
Metric.counter("c", { ...requests, labels: ["size"] })

// @ts-expect-error only one of the two events has this field
Metric.counter("c", { ...both, labels: ["user"] })

// @ts-expect-error not all events of the family have this field
Metric.counter("c", { events, labels: ["method"] })

// @ts-expect-error the event has no such field, whatever the label is called
Metric.counter("c", { ...requests, labels: { method: "verb" } })

// @ts-expect-error a function has to give what can be a label
Metric.counter("c", { ...requests, labels: { headers: ({ headers }) => headers } })

// @ts-expect-error a text is not measured
Metric.counter("c", { ...requests, value: "method" })

// @ts-expect-error nor is a bigint
Metric.gauge("g", { ...requests, value: "size" })

// @ts-expect-error only one of the two events has this field
Metric.histogram("h", { ...both, value: "bytes" })

// @ts-expect-error a function has to give a number
Metric.histogram("h", { ...requests, value: ({ method }) => method })

// @ts-expect-error a gauge has to be told what it shows
Metric.gauge("g", requests)

// @ts-expect-error a histogram has to be told what it counts
Metric.histogram("h", requests)

// @ts-expect-error the family has no event of this tag
Metric.counter("c", { events, when: "download" })

// @ts-expect-error the family has no event of this tag, though it has the other
Metric.counter("c", { events, when: ["request", "download"] })

// @ts-expect-error a counter has no buckets
Metric.counter("c", { ...requests, boundaries: [1] })

// @ts-expect-error boundaries are numbers
Metric.histogram("h", { ...both, value: "seconds", boundaries: ["1"] })

// @ts-expect-error a misspelt option
Metric.counter("c", { ...requests, label: ["method"] })

// @ts-expect-error there is no family
Metric.counter("c", {})

// @ts-expect-error a filter says yes or no
Metric.counter("c", { ...requests, filter: ({ method }) => method })

// @ts-expect-error the series have no such label
export const noLabel = Metric.snapshot(Requests, state).dimensions.series[0]?.labels.verb

// @ts-expect-error not a field with text
Metric.counter("c", { ...requests, exemplar: "seconds" })
// @ts-expect-error in an object the names are those of fields
Metric.counter("c", { ...requests, exemplar: { traceId: "span" } })
// @ts-expect-error only counters and histograms have exemplars
Metric.gauge("g", { ...requests, value: "seconds", exemplar: "span" })
