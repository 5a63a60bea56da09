// Invalid options and metrics are a defect that names the argument and the reason, before anything changes.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type Metric, MetricsError, MetricsLayer, MetricsRuntime, Recorder, type RecorderOptions } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

type Case = readonly [what: string, options: unknown, argument: string, reason: string | RegExp]

const capacities: ReadonlyArray<Case> = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  "10",
  10n,
  null,
  {}
].map((capacity) => [`capacity ${String(capacity)} (${typeof capacity})`, { capacity }, "capacity", "positive integer"])

const badOptions: ReadonlyArray<Case> = [
  ...capacities,
  [
    "a capacity that the counters of the fold cannot hold",
    { capacity: 2 ** 31 },
    "capacity",
    "no more than 2147483647"
  ],
  ["an unknown option", { capasity: 10 }, "capasity", /not an option.*capacity/],
  ["an unknown option named like a member of Object", { toString: 10 }, "toString", "not an option"],
  ["an unknown policy", { overflow: "drop" }, "overflow", /drop-newest.*drop-oldest.*backpressure.*fail/],
  ["a policy that is not a string", { overflow: ["fail"] }, "overflow", "one of"],
  ["an unknown logging level", { logging: "loud" }, "logging", /silent.*normal.*inspection/]
]

const badRecorderOptions: ReadonlyArray<Case> = [
  ...badOptions,
  ["an onStarting that is a function", { onStarting: () => {} }, "onStarting", "Effect"],
  ["an onStarting that is a promise", { onStarting: Promise.resolve() }, "onStarting", "Effect"],
  ["an onStopped that is a string", { onStopped: "stop" }, "onStopped", "Effect"],
  ["an onMetricChanged that is an Effect", { onMetricChanged: Effect.void }, "onMetricChanged", "function"],
  ["an entityId that is a number", { entityId: 5 }, "entityId", "string"],
  ["options that are null", null, "options", "object"],
  ["options that are a string", "fast", "options", "object"],
  ["options that are an array", [], "options", "object"]
]

const badRuntimeOptions: ReadonlyArray<Case> = [
  ...badOptions,
  ["a blank namespace", { namespace: "  " }, "namespace", "blank"],
  ["a namespace with NUL", { namespace: "a\0b" }, "namespace", "NUL"],
  ["a namespace that is not valid Unicode", { namespace: "a\ud800b" }, "namespace", "lone surrogates"],
  ["a namespace that is a number", { namespace: 5 }, "namespace", "string"],
  ["an invalid shutdownTimeout", { shutdownTimeout: "soon" }, "shutdownTimeout", "duration"]
]

const expectNamed = (error: unknown, [, , argument, reason]: Case): void => {
  expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
  expect(error).toMatchObject({ argument, reason: expect.stringMatching(reason) })
  expect((error as Error).message).toContain(argument)
}

onBothLayers("invalid options of a recorder", (it) => {
  it.effect.each(badRecorderOptions)("%s: fail with an error that names them, and no recorder is created", (bad) =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const before = yield* runtime.recorderIds
      const options = bad[1] as RecorderOptions
      expectNamed(yield* badInputOf(runtime.createRecorder("bad", options)), bad)
      expectNamed(yield* badInputOf(Layer.build(Recorder.layer("bad", options))), bad)
      expect(yield* runtime.recorderIds).toEqual(before)
    })
  )

  it.effect("the maximum capacity counts correctly", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: 2 ** 31 - 1 })
      yield* recorder.register(Ticks)
      for (let n = 0; n < 3; n++) yield* recorder.emit(tick(n))
      const { stats } = yield* recorder.report
      expect(stats).toMatchObject({ capacity: 2 ** 31 - 1, accepted: 3, applied: 3, pending: 0 })
    })
  )

  it.effect("an undefined option counts as not given", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ capacity: undefined, overflow: undefined } as never)
      expect(yield* recorder.stats).toMatchObject({ capacity: 10_000 })
      expect(recorder.overflow).toBe("drop-newest")
    })
  )

  it.effect("a hook may be an Effect or a function", () =>
    Effect.gen(function* () {
      const hooks = { onStarting: Effect.void, onStopped: Effect.void, onMetricChanged: () => Effect.void }
      expect(yield* (yield* newRecorder(hooks)).emit(tick())).toBe(true)
    })
  )
})

it.effect.each(badRecorderOptions)("%s: Recorder.make fails", (bad) =>
  Effect.gen(function* () {
    expectNamed(yield* badInputOf(Recorder.make(bad[1] as RecorderOptions)), bad)
  })
)

it.effect.each(badRuntimeOptions)("%s: no runtime is created, with a worker or without", (bad) =>
  Effect.gen(function* () {
    const options = { namespace: "bad", ...(bad[1] as object) } as never
    const withMetrics = { ...(options as object), metrics: new URL("../support/probe.metrics.ts", import.meta.url) }
    expectNamed(yield* badInputOf(MetricsRuntime.makeInProcess(options)), bad)
    expectNamed(yield* badInputOf(MetricsRuntime.makeWorker(withMetrics as never)), bad)
    expectNamed(yield* badInputOf(Layer.build(MetricsLayer.layerInProcess(options))), bad)
    expectNamed(yield* badInputOf(Layer.build(MetricsLayer.layerWorker(withMetrics as never))), bad)
  })
)

it.effect.each<readonly [what: string, options: unknown]>([
  ["null", null],
  ["undefined", undefined],
  ["a string", "fast"],
  ["an array", []]
])("options that are %s: no runtime is created", ([, options]) =>
  Effect.gen(function* () {
    for (const make of [MetricsRuntime.makeInProcess, MetricsRuntime.makeWorker]) {
      const error = yield* badInputOf(Effect.suspend(() => make(options as never)))
      expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
    }
    for (const layer of [MetricsLayer.layerInProcess, MetricsLayer.layerWorker]) {
      const error = yield* badInputOf(Effect.suspend(() => Layer.build(layer(options as never))))
      expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
    }
  })
)

/** By what is wrong with it. */
const notMetrics: ReadonlyArray<readonly [what: string, metric: unknown]> = [
  ["undefined", undefined],
  ["null", null],
  ["its name", "probe.ticks"],
  ["a function", () => Ticks],
  ["an array", [Ticks]],
  ["an object that looks like one", { name: "probe.ticks", initial: 0, reduce: {}, view: (state: unknown) => state }],
  ["an Effect of one", Effect.succeed(Ticks)]
]

onBothLayers("an invalid metric", (it) => {
  it.effect.each(notMetrics)("%s: can neither be registered nor read, and changes nothing", ([, metric]) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const given = metric as Metric.Any
      const named: Case = ["", given, "metric", "a metric or a set of metrics"]
      expectNamed(yield* badInputOf(recorder.register(given)), named)
      const component = Effect.provideService(Recorder.register(given), Recorder, recorder)
      expectNamed(yield* badInputOf(component), named)
      expectNamed(yield* badInputOf(recorder.snapshot(given)), named)
      expect(yield* recorder.snapshots).toEqual({})
      expect(yield* recorder.state).toBe("Idle")
    })
  )

  it.effect.each<Case>([
    ["an unknown option", { replaced: true }, "replaced", "not an option"],
    ["a replace that is not a boolean", { replace: "yes" }, "replace", "true or false"],
    ["options that are null", null, "options", "object"],
    ["options that are true", true, "options", "object"]
  ])("%s: register fails, and nothing is registered", (bad) =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      expectNamed(yield* badInputOf(recorder.register(Ticks, bad[1] as never)), bad)
      expect(yield* recorder.snapshots).toEqual({})
    })
  )
})
