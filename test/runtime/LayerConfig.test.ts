/** The options of a runtime from Effect's Config. */
import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect } from "effect"
import { MetricsLayer, MetricsRuntime, type RuntimeOptions } from "mvx-metrics"
import { Ticks, tick } from "../support/probe.metrics.ts"

const fromEnv = (env: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromEnv({ env }))

const variables = {
  METRICS_NAMESPACE: " test.config ",
  METRICS_CAPACITY: "2",
  METRICS_OVERFLOW: "drop-oldest",
  METRICS_BACKPRESSURE_TIMEOUT: "200 millis",
  METRICS_LOGGING: "silent",
  METRICS_SHUTDOWN_TIMEOUT: "5 seconds",
  METRICS_WAIT_TIMEOUT: "1 minute",
  METRICS_MEMORY_LIMIT: "1 MiB"
}

const read = (env: Record<string, string>, defaults?: Partial<RuntimeOptions>) =>
  MetricsLayer.config(defaults).parse(ConfigProvider.fromEnv({ env }))

/** What can be seen from outside of the options that a runtime has. */
const seen = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime
  const { overflow, stats } = yield* runtime.createRecorder("storage")
  const { capacity } = yield* stats
  return { namespace: runtime.namespace, capacity, overflow }
})

describe("the METRICS_* variables", () => {
  it.effect("set the options of a runtime", () =>
    Effect.gen(function* () {
      const { backpressureTimeout, shutdownTimeout, waitTimeout, ...options } = yield* read(variables)
      expect(options).toEqual({
        namespace: "test.config",
        capacity: 2,
        overflow: "drop-oldest",
        logging: "silent",
        memoryLimit: 1024 * 1024
      })
      const durations = [backpressureTimeout, shutdownTimeout, waitTimeout] as ReadonlyArray<Duration.Duration>
      expect(durations.map(Duration.format)).toEqual(["200ms", "5s", "1m"])
    })
  )

  it.effect("are optional, except the namespace", () =>
    Effect.gen(function* () {
      expect(yield* read({ METRICS_NAMESPACE: "a" })).toEqual({ namespace: "a" })
      const { message } = yield* Effect.flip(read({ METRICS_CAPACITY: "2" }))
      expect(message).toContain('at ["METRICS_NAMESPACE"]')
    })
  )

  it.effect("override the defaults of the program", () =>
    Effect.gen(function* () {
      const defaults = { namespace: "program", capacity: 5, logging: "silent" } as const
      expect(yield* read({ METRICS_CAPACITY: "2" }, defaults)).toEqual({ ...defaults, capacity: 2 })
    })
  )

  it.effect("can be nested", () =>
    Effect.gen(function* () {
      const nested = Config.nested(MetricsLayer.config(), "APP")
      const provider = ConfigProvider.fromEnv({ env: { APP_METRICS_NAMESPACE: "a" } })
      expect(yield* nested.parse(provider)).toEqual({ namespace: "a" })
    })
  )

  it.effect.each([
    ["METRICS_NAMESPACE", "  ", "must be a string that is not blank"],
    ["METRICS_CAPACITY", "0", "must be a positive integer, got 0"],
    ["METRICS_CAPACITY", "many", "finite number"],
    ["METRICS_CAPACITY", "1.5", "must be a positive integer, got 1.5"],
    ["METRICS_OVERFLOW", "drop", '"drop-newest" | "drop-oldest" | "backpressure" | "fail"'],
    ["METRICS_LOGGING", "loud", '"silent" | "normal" | "inspection"'],
    ["METRICS_SHUTDOWN_TIMEOUT", "soon", "Duration"],
    ["METRICS_WAIT_TIMEOUT", "5000", "Duration"],
    ["METRICS_MEMORY_LIMIT", "much", "ByteSize"],
    ["METRICS_MEMORY_LIMIT", "0 B", "must be a positive integer, got 0"]
  ] as const)("%s=%s is a ConfigError that names the variable", ([name, value, reason]) =>
    Effect.gen(function* () {
      const layer = MetricsLayer.layerInProcessConfig()
      const env = fromEnv({ ...variables, [name]: value })
      const error = yield* MetricsRuntime.pipe(Effect.provide(layer), Effect.provide(env), Effect.flip)
      expect(error).toMatchObject({ _tag: "ConfigError" })
      expect(error.message).toContain(reason)
      expect(error.message).toContain(`at ["${name}"]`)
    })
  )
})

describe("layers from Config", () => {
  const layers = {
    "in process": MetricsLayer.layerInProcessConfig(),
    "on the worker": MetricsLayer.layerWorkerConfig()
  }
  it.effect.each(Object.entries(layers))("read the METRICS_* variables by default, %s", ([, layer]) =>
    Effect.gen(function* () {
      expect(yield* seen).toEqual({ namespace: "test.config", capacity: 2, overflow: "drop-oldest" })
    }).pipe(Effect.provide(layer), Effect.provide(fromEnv(variables)))
  )

  it.effect("read the variables named by the program", () =>
    Effect.gen(function* () {
      expect(yield* seen).toEqual({ namespace: "program", capacity: 7, overflow: "fail" })
    }).pipe(
      Effect.provide(
        MetricsLayer.layerInProcessConfig({
          namespace: Config.succeed("program"),
          capacity: Config.Int("ROOM"),
          overflow: Config.Literals(["fail", "drop-newest"], "WHEN_FULL").pipe(Config.withDefault("fail"))
        })
      ),
      Effect.provide(fromEnv({ ROOM: "7" }))
    )
  )

  it.effect("start a worker with options that no variable can hold", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("storage")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3 })
    }).pipe(
      Effect.provide(
        MetricsLayer.layerWorkerConfig(
          Config.map(MetricsLayer.config({ namespace: "test.config", logging: "silent" }), (options) => ({
            ...options,
            metrics: new URL("../support/probe.metrics.ts", import.meta.url)
          }))
        )
      ),
      Effect.provide(fromEnv({}))
    )
  )
})
