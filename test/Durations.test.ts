/**
 * An invalid duration is rejected by the name of its option, and so is a zero duration within which nothing could
 * happen.
 */
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { type MetricsError, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import { MetricsStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import * as RedisStore from "mvx-metrics/RedisStore"
import { Ticks } from "./support/probe.metrics.ts"

const namespace = "test.durations"
const inProcess = MetricsLayer.layerInProcess({ namespace, logging: "silent" })
const built = (layer: Layer.Layer<never, unknown, MetricsRuntime>) =>
  Effect.scoped(Layer.build(Layer.provide(Layer.fresh(layer), inProcess)))
const store = RedisStore.make({ url: "redis://127.0.0.1:1" })
const inRuntime = <A, E>(use: (runtime: MetricsRuntime["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(MetricsRuntime.use(use), inProcess)
const otlp = (options: Otlp.OtlpOptions) => built(Otlp.layerJson(options).pipe(Layer.provide(FetchHttpClient.layer)))
const make = (options: object) => Effect.scoped(MetricsRuntime.makeInProcess({ namespace, ...options }))
const makeWorker = (options: object) => Effect.scoped(MetricsRuntime.makeWorker({ namespace, ...options }))
const group = { url: "http://127.0.0.1:1", job: "test" } as const
const stream = (options: object) => make({ stream: { store, ...options } })
const aggregate = (options: object) =>
  Effect.scoped(Layer.build(MetricsStream.layer({ namespace, metrics: [Ticks], store, ...options })))

type Given = Duration.Input
type Use = (value: Given) => Effect.Effect<unknown, unknown, never>

/** Of these, 0 is a limit that has passed already, or says that nothing is kept. */
const limits: { readonly [option: string]: Use } = {
  "waitTimeout of a runtime": (waitTimeout) => make({ waitTimeout }),
  "shutdownTimeout of a runtime": (shutdownTimeout) => make({ shutdownTimeout }),
  "waitTimeout of a recorder": (waitTimeout) => inRuntime((runtime) => runtime.createRecorder("r", { waitTimeout })),
  "shutdownTimeout of a recorder": (shutdownTimeout) =>
    inRuntime((runtime) => runtime.createRecorder("r", { shutdownTimeout })),
  "backpressureTimeout of a recorder": (backpressureTimeout) =>
    inRuntime((runtime) => runtime.createRecorder("r", { backpressureTimeout })),
  "timeout of a flush": (timeout) => inRuntime((runtime) => runtime.flush({ timeout }))
}

/** The same of those that send something. */
const closing: typeof limits = {
  "shutdownTimeout of OTLP": (shutdownTimeout) => otlp({ url: "http://127.0.0.1:1", shutdownTimeout }),
  "shutdownTimeout of pushes": (shutdownTimeout) =>
    built(Prometheus.layerPush({ ...group, shutdownTimeout }).pipe(Layer.provide(FetchHttpClient.layer)))
}

/** Of these, 0 is refused. */
const lengths: { readonly [option: string]: Use } = {
  "startTimeout of a worker": (startTimeout) => makeWorker({ startTimeout }),
  "stallTimeout of a worker": (stallTimeout) => makeWorker({ stallTimeout }),
  "exportInterval of OTLP": (exportInterval) => otlp({ exportInterval }),
  "exportTimeout of OTLP": (exportTimeout) => otlp({ exportTimeout }),
  "timeout of OTLP": (timeout) => otlp({ timeout }),
  "pushInterval of pushes": (pushInterval) =>
    built(Prometheus.layerPush({ ...group, pushInterval }).pipe(Layer.provide(FetchHttpClient.layer))),
  "pushTimeout of a push": (pushTimeout) =>
    inRuntime(() =>
      Prometheus.push({ ...group, pushTimeout }).pipe(Effect.provide(Layer.merge(inProcess, FetchHttpClient.layer)))
    ),
  "timeout of a scrape": (timeout) => Effect.provide(Prometheus.render("text", { timeout }), inProcess),
  "interval of EffectMetrics": (interval) => built(EffectMetrics.layer({ interval })),
  "interval of NodeProcess": (interval) => built(NodeProcess.layer({ interval })),
  "every of a store": (every) => built(MetricsStore.layer({ store, every })),
  "interval of a stream": (interval) => stream({ interval }),
  "grace of a stream": (grace) => stream({ grace }),
  "heartbeat of a stream": (heartbeat) => stream({ heartbeat }),
  "interval of an aggregator": (interval) => aggregate({ interval }),
  "lease of an aggregator": (lease) => aggregate({ lease }),
  "silentAfter of an aggregator": (silentAfter) => aggregate({ silentAfter }),
  "timeout of a server": (timeout) => Effect.sync(() => RedisStore.make({ url: "redis://127.0.0.1:1", timeout }))
}

const refusalOf = (use: Use, value: unknown) =>
  Effect.map(Effect.exit(Effect.suspend(() => use(value as Given))), (exit) => {
    const reasons = Exit.isFailure(exit) ? exit.cause.reasons : []
    return reasons.flatMap((reason) => (reason._tag === "Die" ? [reason.defect as MetricsError.InvalidArgument] : []))
  })

const none: ReadonlyArray<readonly [shown: string, value: unknown]> = [
  ["NaN", Number.NaN],
  ["-1", -1],
  ["-Infinity", "-Infinity"],
  ["a negative Duration", Duration.seconds(-1)],
  ["{}", {}],
  ["a misspelt unit", { second: 5 }],
  ["a unit that is misspelt among others", { seconds: 5, minute: 1 }],
  ["a unit of NaN", { seconds: Number.NaN }],
  ["a unit of text", { seconds: "5" }],
  ["a Date", new Date(5)],
  ["an array of NaN", [Number.NaN, 0]],
  ["an array of one", [1]],
  ["text", "soon"],
  ["null", null]
]

describe.each(Object.entries({ ...limits, ...closing, ...lengths }))("%s", (option, use) => {
  const [argument] = option.split(" ") as [string]
  it.effect.each(none)("rejects %s", ([, value]) =>
    Effect.gen(function* () {
      const [refusal, ...others] = yield* refusalOf(use, value)
      expect(others).toEqual([])
      expect(refusal).toMatchObject({ _tag: "mvx-metrics/InvalidArgument" })
      expect(refusal!.message).toContain(argument)
      expect(refusal!.message).toMatch(/must be a duration|must not be negative|must be longer than zero/)
    })
  )
})

describe.each(Object.entries(lengths))("%s", (option, use) => {
  it.effect.each([0, "0 seconds", { seconds: 0 }, 0n] as const)("rejects %o", (zero) =>
    Effect.gen(function* () {
      const [refusal] = yield* refusalOf(use, zero)
      expect(refusal?._tag).toBe("mvx-metrics/InvalidArgument")
      expect(refusal!.message).toContain(option.split(" ")[0])
      expect(refusal!.message).toContain("must be longer than zero")
    })
  )
})

it.effect.each(Object.entries(limits))("%s accepts 0 and every Effect duration input", ([, use]) =>
  Effect.gen(function* () {
    for (const value of [0, "5 seconds", 5n, [1, 0], { seconds: 1, minutes: 2 }, { hours: undefined, seconds: 1 }]) {
      expect(yield* refusalOf(use, value)).toEqual([])
    }
    expect(yield* refusalOf(use, Duration.infinity)).toEqual([])
  })
)

it.effect("a negative duration in an environment variable is a ConfigError that names the variable", () =>
  Effect.gen(function* () {
    const env = { METRICS_NAMESPACE: namespace, METRICS_WAIT_TIMEOUT: "-5 seconds" }
    const error = yield* Effect.flip(MetricsLayer.config().parse(ConfigProvider.fromEnv({ env })))
    expect(error.message).toContain("must not be negative")
    expect(error.message).toContain('at ["METRICS_WAIT_TIMEOUT"]')
  })
)
