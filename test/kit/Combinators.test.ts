// Metrics derived from metrics, built-in and hand-written. The original does not change.
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Metric, type MetricsError, type Snapshot } from "mvx-metrics"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { fingerprint } from "../../src/internal/metric/definition/fingerprint.ts"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { ByQueue, done, dropped, Failing, JobEvent, JobMetrics, LastQueue, Picky } from "../support/kit.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"

const Counter = Metric.counter("jobs", {
  events: JobEvent,
  when: ["job.done", "job.dropped"],
  description: "Jobs",
  unit: "{job}"
})
const ByHand = Metric.make("jobs", {
  events: JobEvent,
  initial: 0,
  reduce: { "job.done": (count) => count + 1, "job.dropped": (count) => count + 1 },
  merge: (left, right) => left + right,
  minus: (later, earlier) => later - earlier,
  description: "Jobs",
  unit: "{job}"
})
const Derived = Metric.derive("jobs", {
  from: { counted: Counter, byHand: ByHand },
  view: ({ byHand, counted }) => ({ value: (counted.value + byHand.value) / 2 }),
  description: "Jobs",
  unit: "{job}"
})

/** Three metrics that show the same. */
const all = [
  ["built-in", Counter],
  ["hand-written", ByHand],
  ["derived", Derived]
] as ReadonlyArray<readonly [string, typeof Counter]>

/** What it shows, and that its fold in place, if it has one, comes to the same. */
const shown = <M extends Metric.Any>(
  metric: M,
  events: ReadonlyArray<{ readonly _tag: string }>,
  at = 0
): Metric.Dimensions<M> => {
  const state = Metric.fold<string, never, unknown, unknown>(metric, events as ReadonlyArray<never>, at)
  const kernel = kernelOf(metric)
  if (kernel !== undefined) {
    for (const event of events) if (Object.hasOwn(metric.reduce, event._tag)) foldEvent(kernel, event, at)
    expect(kernel.state()).toEqual(state)
  }
  return metric.view(state, at) as Metric.Dimensions<M>
}

const jobs = [done(1, "a"), dropped(200, "a"), done(300, "b"), { _tag: "job.paused" } as const]

describe.each(all)("a %s metric", (kind, metric) => {
  it("gets another name, description or unit, and measures as before", () => {
    const other = metric.pipe(Metric.named(" other "), Metric.describe("Others"), Metric.unit("{other}"))
    expect(other).toMatchObject({ name: "other", description: "Others", unit: "{other}" })
    expect(Metric.isMetric(other)).toBe(true)
    expect(shown(other, jobs)).toEqual({ value: 3 })
    expect(other.merge!(Metric.fold(other, jobs), Metric.fold(other, jobs))).toEqual(
      Metric.fold(other, [...jobs, ...jobs])
    )
  })

  it("is filtered, and filtered again", () => {
    const Large = metric.pipe(Metric.filter((event) => "n" in event && event.n > 100))
    expect(shown(Large, jobs)).toEqual({ value: 2 })
    const LargeDropped = Large.pipe(Metric.filter((event) => event._tag === "job.dropped"))
    expect(shown(LargeDropped, [...jobs, dropped(2)])).toEqual({ value: 1 })
    expect(Metric.reduce(Large, Large.initial, done(1))).toBe(Large.initial)
  })

  it("passes only the events of its tags to a filter", () => {
    const seen = new Set<string>()
    const Seeing = metric.pipe(
      Metric.filter((event) => {
        seen.add(event._tag)
        return event.n > 1
      })
    )
    expect(shown(Seeing, jobs)).toEqual({ value: 2 })
    expect(
      shown(
        Metric.mapEvents(Seeing, JobEvent, (event) => event),
        jobs
      )
    ).toEqual({ value: 2 })
    expect([...seen]).toEqual(["job.done", "job.dropped"])
  })

  it("takes labels from fields that only the events of its tags have", () => {
    expect(shown(metric.pipe(Metric.labelled({ queue: "queue", n: ({ n }) => n > 1 })), jobs).series).toEqual([
      { labels: { queue: "a", n: false }, value: 1 },
      { labels: { queue: "a", n: true }, value: 1 },
      { labels: { queue: "b", n: true }, value: 1 }
    ])
  })

  it("is the same with the metric as first argument as in a pipe", () => {
    const large = ({ n }: { readonly n: number }) => n > 100
    const paused = () => done(1)
    for (const [first, piped] of [
      [Metric.named(metric, "other"), metric.pipe(Metric.named("other"))],
      [Metric.describe(metric, "Others"), metric.pipe(Metric.describe("Others"))],
      [Metric.unit(metric, "{other}"), metric.pipe(Metric.unit("{other}"))],
      [Metric.filter(metric, large), metric.pipe(Metric.filter(large))],
      [Metric.mapEvents(metric, JobEvent, paused), metric.pipe(Metric.mapEvents(JobEvent, paused))],
      [Metric.labelled(metric, { queue: "queue" }), metric.pipe(Metric.labelled({ queue: "queue" }))]
    ] as const) {
      expect(fingerprint(first)).toEqual(fingerprint(piped))
      expect(shown(first, jobs)).toEqual(shown(piped, jobs))
    }
  })

  it("reads the events of another family", () => {
    const Mail = Schema.TaggedUnion({ "mail.sent": { to: Schema.Array(Schema.String) }, "mail.lost": {} })
    const Sent = metric.pipe(
      Metric.filter((event) => "n" in event && event.n > 1),
      Metric.mapEvents(Mail, (event) => (event._tag === "mail.sent" ? done(event.to.length) : undefined))
    )
    const mails = [["a"], ["a", "b"], ["a", "b", "c"]].map((to) => ({ _tag: "mail.sent", to }) as const)
    expect(shown(Sent, [...mails, { _tag: "mail.lost" }, ...jobs])).toEqual({ value: 2 })
    expect(Sent.events).toBe(Mail)
    expect(Object.keys(Sent.reduce)).toEqual(["mail.sent", "mail.lost"])
    expect(Metric.reduce(Sent, Sent.initial, { _tag: "mail.lost" })).toBe(Sent.initial)
  })

  it("ignores mapped events that it does not read", () => {
    const Paused = metric.pipe(Metric.mapEvents(JobEvent, () => ({ _tag: "job.paused" })))
    expect(shown(Paused, jobs)).toEqual({ value: 0 })
  })

  it("accepts labels", () => {
    const ByQueue = metric.pipe(
      Metric.labelled({ queue: (event) => ("queue" in event ? event.queue : null), late: (_event, at) => at > 5 })
    )
    expect(shown(ByQueue, [])).toEqual({ value: 0, series: [] })
    expect(shown(ByQueue, jobs, 6)).toEqual({
      value: 3,
      series: [
        { labels: { queue: "a", late: true }, value: 2 },
        { labels: { queue: "b", late: true }, value: 1 }
      ]
    })
    const [some, more] = [Metric.fold(ByQueue, jobs), Metric.fold(ByQueue, [done(1, "c")])]
    expect(ByQueue.view(ByQueue.merge!(some, more), 0)).toMatchObject({ value: 4, series: { length: 3 } })
    expect(ByQueue.view(ByQueue.minus!(Metric.fold(ByQueue, [...jobs, done(1, "a")]), some), 0)).toMatchObject({
      value: 1
    })
  })

  it("does not change its source metric", () => {
    const before = { ...metric }
    for (const other of [
      metric.pipe(Metric.named("other")),
      metric.pipe(Metric.describe("other")),
      metric.pipe(Metric.unit("other")),
      metric.pipe(Metric.filter(() => false)),
      metric.pipe(Metric.mapEvents(JobEvent, () => undefined)),
      metric.pipe(Metric.labelled({ of: () => 1 }))
    ]) {
      expect(other).not.toBe(metric)
      expect(Object.isFrozen(other)).toBe(true)
    }
    expect({ ...metric }).toEqual(before)
    expect(metric.name).toBe("jobs")
    expect(shown(metric, jobs)).toEqual({ value: 3 })
  })

  it("keeps its in-place fold, if it has one", () => {
    for (const other of [
      metric.pipe(Metric.named("other")),
      metric.pipe(Metric.filter(() => true)),
      metric.pipe(Metric.mapEvents(JobEvent, (event) => event))
    ]) {
      expect(kernelOf(other) !== undefined).toBe(kind !== "hand-written")
    }
  })
})

describe("labels of a hand-written metric", () => {
  it("have the same limit as those of a built-in metric, plus one overflow state", () => {
    const ByN = ByHand.pipe(Metric.labelled({ n: (event) => ("n" in event ? event.n : null) }))
    const events = Array.from({ length: 2005 }, (_, n) => done(n))
    const { overflow, series, value } = shown(ByN, events)
    const blamed = { label: "n", values: 2000, examples: [0, 1, 2, 3, 4] }
    expect([value, series.length, overflow]).toEqual([2005, 2000, { value: 5, ...blamed }])
  })
})

describe("additional labels of a built-in metric", () => {
  it("come after its existing labels", () => {
    const ByQueue = Metric.counter("jobs", { events: JobEvent, when: "job.done", labels: ["queue"] })
    const ByBoth = ByQueue.pipe(Metric.labelled({ large: (event) => "n" in event && event.n > 100 }))
    expect(shown(ByBoth, jobs).series).toEqual([
      { labels: { queue: "a", large: false }, value: 1 },
      { labels: { queue: "b", large: true }, value: 1 }
    ])
  })
})

describe("derive", () => {
  it("shows one moment: it folds its sources itself", () => {
    const events = [done(1, "a"), dropped(1, "b"), { _tag: "job.paused" } as const]
    expect(shown(Failing, [])).toEqual({ part: null, last: "" })
    expect(shown(Failing, events)).toEqual({ part: 0.5, last: "b" })
  })

  it("reads the events of its sources, of all their families", () => {
    const Mail = Schema.TaggedUnion({ "mail.sent": {}, "mail.lost": {} })
    const Both = Metric.derive("both", {
      from: { jobs: Counter, mails: Metric.counter("mails", { events: Mail, when: "mail.sent" }) },
      view: ({ jobs, mails }, now) => ({ sum: jobs.value + mails.value, now })
    })
    expect(Object.keys(Both.reduce).sort()).toEqual(["job.done", "job.dropped", "mail.sent"])
    expect(Object.keys(Both.events.cases)).toEqual([...Object.keys(JobEvent.cases), ...Object.keys(Mail.cases)])
    expect(shown(Both, [...jobs, { _tag: "mail.sent" }, { _tag: "mail.lost" }], 7)).toEqual({ sum: 4, now: 7 })
  })

  it("derives from derived ones", () => {
    const Twice = Metric.derive("twice", { from: { Derived }, view: (of) => ({ value: of.Derived.value * 2 }) })
    expect(shown(Twice, jobs)).toEqual({ value: 6 })
  })

  it("can be merged and subtracted if all its sources can", () => {
    const Max = Metric.minMax("max", { events: JobEvent, when: "job.done", value: "n" })
    const from = (sources: { readonly [source: string]: Metric.Any }) =>
      Metric.derive("of", { from: sources, view: () => ({}) })
    const says = (metric: Metric.Any) => [metric.merge !== undefined, metric.minus !== undefined]
    expect(says(from({ Counter, ByHand }))).toEqual([true, true])
    expect(says(from({ Counter, Max }))).toEqual([true, false])
    expect(says(from({ Counter, LastQueue }))).toEqual([false, false])
  })
})

describe("combine", () => {
  const A = Counter.pipe(Metric.named("a"))
  const B = ByHand.pipe(Metric.named("b"))

  it("is a set of metrics and of other sets, each metric once, in order", () => {
    const set = Metric.combine(A, Metric.combine(B, A), Derived)
    expect(set.metrics.map(({ name }) => name)).toEqual(["a", "b", "jobs"])
    expect(Metric.isMetricSet(set)).toBe(true)
    expect([Object.isFrozen(set), Object.isFrozen(set.metrics)]).toEqual([true, true])
    expect(Metric.metricsOf(set)).toBe(set.metrics)
    expect(Metric.metricsOf(A)).toEqual([A])
  })

  it("is not a metric, and a metric is not a set", () => {
    expect(Metric.isMetric(Metric.combine(A))).toBe(false)
    const throwing = new Proxy(
      {},
      {
        has: () => {
          throw new Error("no")
        }
      }
    )
    for (const none of [A, undefined, null, 5, {}, [A], throwing]) expect(Metric.isMetricSet(none)).toBe(false)
  })
})

describe("module", () => {
  it("is a set that names the modules of its parts, each once, as strings", () => {
    const inner = Metric.module("file:///inner.metrics.js", [Counter])
    const outer = Metric.module("file:///outer.metrics.js?v=1", [inner, Metric.combine(inner, Counter)])
    expect(outer.metrics).toEqual([Counter])
    expect([...outer.modules].sort()).toEqual(["file:///inner.metrics.js", "file:///outer.metrics.js?v=1"])
    expect(Metric.module(undefined, [Counter]).modules).toEqual([])
  })

  it.each([null, 5, {}, "", "./relative.js", "/absolute.js", new URL("file:///object.metrics.js")])(
    "rejects %s as its URL",
    (url) => {
      expect(() => Metric.module(url as never, [Counter])).toThrow(
        "url: must be the URL of the module: import.meta.url"
      )
    }
  )

  it.each([undefined, null, 5, {}, [5], [[]], []])("rejects %s as its metrics", (metrics) => {
    expect(() => Metric.module("file:///wrong.metrics.js", metrics as never)).toThrow(/metrics: must be /)
  })
})

describe("unread", () => {
  const Paused = Metric.counter("paused", { events: JobEvent, when: "job.paused" })

  it("lists the tags of a family that no metric reads, whether in a set, derived or of another origin", () => {
    expect(Metric.unread(JobEvent, [])).toEqual(["job.done", "job.dropped", "job.paused"])
    expect(Metric.unread(JobEvent, [Counter])).toEqual(["job.paused"])
    expect(Metric.unread(JobEvent, [Metric.combine(Derived)])).toEqual(["job.paused"])
    expect(Metric.unread(JobEvent, new Set([Derived, Paused]))).toEqual([])
    const Mail = Schema.TaggedUnion({ "mail.sent": {}, "job.paused": {} })
    expect(Metric.unread(JobEvent, [Metric.counter("mails", { events: Mail })])).toEqual(["job.done", "job.dropped"])
  })

  it.each([
    ["family", {}, []],
    ["family", undefined, [Counter]],
    ["metrics", JobEvent, undefined],
    ["metrics", JobEvent, Counter],
    ["metrics", JobEvent, [Counter, "paused"]]
  ])("rejects an invalid %s", (argument, family, metrics) => {
    expect(() => Metric.unread(family as never, metrics as never)).toThrow(
      expect.objectContaining({
        _tag: "mvx-metrics/InvalidArgument",
        argument
      } satisfies Partial<MetricsError.InvalidArgument>)
    )
  })
})

onBothLayers(
  "combined metrics",
  (it) => {
    it.effect("are registered as a set, and measure like their parts", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(JobMetrics)
        for (const event of jobs) yield* recorder.emit(event)
        expect(yield* recorder.snapshots).toEqual({
          "jobs.large": snapshot("jobs.large", {
            value: 2,
            series: [
              { labels: { queue: "a" }, value: 1 },
              { labels: { queue: "b" }, value: 1 }
            ]
          }),
          "jobs.failing": snapshot("jobs.failing", { part: 1 / 3, last: "b" }),
          "jobs.last_large": snapshot("jobs.last_large", { value: "b" }),
          "jobs.failing_large": snapshot("jobs.failing_large", { part: 1 / 2, last: "b" })
        })
        expect(Metric.unread(JobEvent, yield* recorder.metrics)).toEqual(["job.paused"])
      })
    )

    it.effect("with a throwing part show all their parts as before the event", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Picky)
        for (const queue of ["a", "b", "nobody", "c"]) yield* recorder.emit(done(1, queue))
        expect(yield* recorder.snapshot(Picky)).toEqual({
          name: "jobs.picky",
          dimensions: { all: 2, last: "b", named: 2 },
          quarantine: { error: expect.stringContaining("not to be named"), missed: 2 }
        })
      })
    )
  },
  [new URL("../support/kit.metrics.ts", import.meta.url)]
)

layer(runtimeLayers([new URL("../support/kit.metrics.ts", import.meta.url)])["on the worker"]!)(
  "a definition that differs from the worker's",
  (it) => {
    it.effect(
      "is rejected with the difference: sources of a derived metric, filters, functions instead of fields",
      () =>
        Effect.gen(function* () {
          const recorder = yield* newRecorder()
          const from = { all: Counter, dropped: Counter, last: LastQueue }
          const OtherSources = Metric.derive("jobs.failing", { from, view: () => ({}) })
          const refused = (metric: Metric.Any) => reasonOf(recorder.register(metric))
          expect(yield* refused(OtherSources)).toMatchObject({ differences: ["sources"] })
          const Filtered = ByQueue.pipe(Metric.filter(() => true))
          expect(yield* refused(Filtered)).toMatchObject({ differences: ["filter"] })
          const labels = { queue: () => "main" }
          const Computed = Metric.counter("jobs.by_queue", {
            events: JobEvent,
            when: ["job.done", "job.dropped"],
            labels
          })
          expect(yield* refused(Computed)).toMatchObject({ differences: ["labels"] })
        })
    )
  }
)

const snapshot = (name: string, dimensions: object): Snapshot.Snapshot => ({ name, dimensions })
