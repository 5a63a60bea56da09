// The rows of a recorder hold exactly the fields that its metrics read. A user's function may read the whole event.
// Fields that no metric reads are not accessed.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { ExpositionNames } from "../../src/internal/formats/prometheus/nameRegistry.ts"
import { Registrations } from "../../src/internal/recorder/registrations.ts"
import { generateWrite } from "../../src/internal/stream/rows/codegen.ts"
import { FirstLayout } from "../../src/internal/stream/rows/format.ts"
import type { Layout } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { Folding } from "../support/folding.ts"

const events = Schema.TaggedUnion({
  save: {
    outcome: Schema.Literals(["ok", "bad"]),
    bytes: Schema.Number,
    tenant: Schema.String,
    parts: Schema.Array(Schema.String)
  },
  open: { tenant: Schema.String, bytes: Schema.Number, seconds: Schema.Number }
})

const registered = (...metrics: ReadonlyArray<Metric.Any>): Registrations => {
  const registrations = new Registrations("r", undefined, new ExpositionNames())
  registrations.add(metrics)
  return registrations
}

const fieldsOf = (registrations: Registrations, tag: string): ReadonlyArray<string> | string => {
  const layout = registrations.layoutOf(tag)
  return typeof layout === "string" ? layout : layout.fields.map(([name]) => name)
}

const byHand = Metric.make("by hand", { events, initial: 0, reduce: { open: (n, { bytes }) => n + bytes } })

describe("the rows of a recorder", () => {
  it("hold the values and labels of its instruments, also of an event that does not fit a row as a whole", () => {
    const saves = Metric.counter("saves", { events, when: ["save"], labels: ["outcome"] })
    const bytes = Metric.gauge("bytes", { events, value: "bytes" })
    expect(fieldsOf(registered(saves), "save")).toEqual(["outcome"])
    expect(fieldsOf(registered(saves, bytes), "save")).toEqual(["outcome", "bytes"])
    expect(fieldsOf(registered(saves, bytes), "open")).toEqual(["bytes"])
    expect(fieldsOf(registered(Metric.counter("all", { events })), "save")).toEqual([])
  })

  it.each<readonly [string, Metric.Any]>([
    ["a reducer", byHand],
    ["a filter", Metric.counter("m", { events, filter: ({ bytes }) => bytes > 0 })],
    ["a function for the value", Metric.counter("m", { events, value: ({ bytes }) => bytes })],
    ["a function for a label", Metric.counter("m", { events, labels: { size: ({ bytes }) => `${bytes > 9}` } })]
  ])("hold all fields for %s of the user", (_, metric) => {
    const registrations = registered(metric, Metric.gauge("bytes", { events, value: "bytes" }))
    expect(fieldsOf(registrations, "open")).toEqual(["tenant", "bytes", "seconds"])
  })

  it("hold the span of an event next to its fields if a metric reads it, and are unchanged otherwise", () => {
    const plain = Metric.counter("plain", { events, labels: ["tenant"] })
    const spans = Metric.counter("spans", { events, when: ["save"], exemplar: "span" })
    const registrations = registered(plain, spans)
    const [save, open] = [registrations.layoutOf("save"), registrations.layoutOf("open")] as [Layout, Layout]
    expect(fieldsOf(registrations, "save")).toEqual(["tenant"])
    expect(save.span).toBe(1)
    // The very layout, and with it the encoder, of a recorder in which nobody reads spans.
    expect(open).toBe(registered(plain).layoutOf("open"))
    expect(open).not.toHaveProperty("span")
    expect([registrations.readsSpan("save"), registrations.readsSpan("open")]).toEqual([true, false])
    const { writer } = new Folding()
    expect(writer.encoder(open)).toBe(writer.encoder(registered(plain).layoutOf("open") as Layout))
    expect(String(generateWrite(save, FirstLayout, writer))).toContain("internBriefly(")
    expect(String(generateWrite(open, FirstLayout, writer))).not.toContain("internBriefly(")
    const metrics = [Metric.counter("spans", { events, when: ["save"] })]
    const [replaced] = registrations.replacedBy(metrics)
    registrations.add(metrics)
    expect(registrations.readsSpan("save")).toBe(true)
    registrations.left(replaced!)
    expect(registrations.readsSpan("save")).toBe(false)
    expect(registrations.layoutOf("save")).toBe(registered(plain).layoutOf("save"))
  })

  it("hold all fields of events that belong to a family of its metrics but that no metric reads", () => {
    const saves = Metric.counter("saves", { events, when: ["save"] })
    expect(fieldsOf(registered(saves), "open")).toEqual(["tenant", "bytes", "seconds"])
    expect(fieldsOf(registered(saves), "unheard of")).toBe("foreign")
  })

  it("share one layout among all recorders that read the same fields", () => {
    const one = Metric.counter("one", { events, when: ["save"], value: "bytes", labels: ["outcome"] })
    const [other, more] = [
      Metric.gauge("two", { events, value: "bytes" }),
      Metric.counter("three", { events, when: ["save"], labels: ["outcome"] })
    ]
    expect(registered(one).layoutOf("save")).toBe(registered(more, other).layoutOf("save"))
  })

  it("hold the fields of a replaced metric until the fold has its successor", () => {
    const of = (field: "tenant" | "seconds") => Metric.counter("m", { events, when: ["open"], labels: [field] })
    const registrations = registered(of("tenant"))
    const metrics = [of("seconds")]
    const [replaced] = registrations.replacedBy(metrics)
    registrations.add(metrics)
    expect(fieldsOf(registrations, "open")).toEqual(["tenant", "seconds"])
    registrations.left(replaced!)
    expect(fieldsOf(registrations, "open")).toEqual(["seconds"])
  })
})

const definitions: ReadonlyArray<(name: string) => Metric.Any> = [
  (name) => Metric.counter(name, { events, labels: ["tenant"] }),
  (name) => Metric.counter(name, { events, when: ["save"], labels: ["outcome"] }),
  (name) => Metric.gauge(name, { events, value: "bytes" }),
  (name) => Metric.counter(name, { events, exemplar: "tenant" }),
  (name) => Metric.histogram(name, { events, when: ["open"], value: "seconds", boundaries: [-1, 0, 0.5, 10] }),
  (name) => Metric.counter(name, { events, filter: ({ bytes }) => bytes > 0 }),
  (name) =>
    Metric.make(name, {
      events,
      initial: [] as ReadonlyArray<MetricEvent>,
      // All of the event that the schema knows.
      reduce: { open: (seen, { bytes, seconds, tenant }) => [...seen, { _tag: "open", bytes, seconds, tenant }] }
    })
]

describe("metrics that are registered while events come", () => {
  const number = fc.oneof(fc.integer({ min: -3, max: 20 }), fc.constantFrom(-0, 0.5, 1e10))
  const tenant = fc.constantFrom("a", "b")
  const outcome = fc.constantFrom("ok", "bad")
  const anyEvent = fc.oneof(
    fc.record({ _tag: fc.constant("open"), tenant, bytes: number, seconds: number }),
    fc.record({ _tag: fc.constant("save"), tenant, outcome, bytes: number, parts: fc.constant(["part"]) })
  )
  const anyStep = fc.oneof(
    { weight: 8, arbitrary: fc.record({ emit: anyEvent }) },
    { weight: 1, arbitrary: fc.record({ register: fc.constantFrom(...definitions) }) },
    { weight: 1, arbitrary: fc.constant("fold" as const) }
  )

  it("each reach the state of their reducer over the events since, whatever the others read", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80, size: "max" }), (steps) => {
        const folding = new Folding()
        const recorder = folding.recorder([])
        const metrics: Array<{ readonly metric: Metric.Any; state: unknown }> = []
        for (const step of steps) {
          if (step === "fold") folding.fold()
          else if ("emit" in step) {
            recorder.emit(step.emit, 7)
            for (const each of metrics) each.state = Metric.reduce(each.metric, each.state, step.emit, 7)
          } else {
            const metric = step.register(`m${metrics.length}`)
            recorder.register(metric)
            metrics.push({ metric, state: metric.initial })
          }
        }
        expect(recorder.read()).toEqual(metrics.map(({ metric, state }) => metric.view(state, 0)))
      }),
      { numRuns: 200 }
    )
  })
})

describe.each([true, false])("a field that no metric reads, with generated code: %s", (generate) => {
  const saves = Metric.counter("saves", { events, when: ["save"], labels: ["outcome"] })

  it.each<readonly [string, unknown]>([
    ["of another type", "many"],
    ["missing", undefined],
    ["a function", () => 1],
    ["deep", { in: { it: Symbol("x") } }]
  ])("is not accessed: %s", (_, bytes) => {
    const recorder = new Folding(generate).recorder([saves])
    recorder.emit({ _tag: "save", outcome: "ok", bytes } as MetricEvent, 0)
    const throwing = Object.defineProperty({ _tag: "save", outcome: "bad" }, "bytes", {
      get: () => expect.unreachable()
    })
    recorder.emit(throwing, 0)
    const { series } = recorder.read()[0] as { readonly series: ReadonlyArray<{ readonly labels: object }> }
    expect(series.map(({ labels }) => labels)).toEqual([{ outcome: "ok" }, { outcome: "bad" }])
  })

  it("is not accessed in an event that does not fit a row of fixed width", () => {
    const recorder = new Folding(generate).recorder([saves])
    recorder.emit({ _tag: "save", outcome: "x".repeat(2000), bytes: () => 1 } as MetricEvent, 0)
    expect(recorder.read()).toMatchObject([{ value: 1 }])
  })
})
