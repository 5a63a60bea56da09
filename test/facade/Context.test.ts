/** What a runtime of `mvx-metrics/promise` takes from the ManagedRuntime of an application. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, ManagedRuntime, References } from "effect"
import { TestClock } from "effect/testing"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import { MetricsRuntime } from "mvx-metrics/promise"
import { fixedClock } from "mvx-metrics/testing"
import { recordLogs } from "../support/logs.ts"
import { TickLog, Ticks, tick } from "../support/probe.metrics.ts"

const options = { namespace: "test.context", inProcess: true } as const
const onWorker = { namespace: "test.context", metrics: new URL("../support/probe.metrics.ts", import.meta.url) }

/** The log of an application, and its ManagedRuntime. */
const application = () => {
  const { layer, lines } = recordLogs()
  const managed = ManagedRuntime.make(layer)
  return { lines, managed, [Symbol.asyncDispose]: () => managed.dispose() }
}

it.each([
  ["in process", options],
  ["on the worker", onWorker]
] as const)("logs go to the loggers of the ManagedRuntime, with their annotations, %s", async (_where, options) => {
  await using app = application()
  const runtime = await MetricsRuntime.start({ ...options, runtime: app.managed })
  const recorder = await runtime.createRecorder("storage", { onStopped: () => Promise.reject(new Error("no disk")) })
  await recorder.registerMetric(Ticks)
  await expect(runtime.shutdown()).rejects.toMatchObject({ _tag: "mvx-metrics/ShutdownFailed" })
  const ofRuntime = { namespace: "test.context" }
  const ofRecorder = { ...ofRuntime, recorderId: "storage" }
  expect(app.lines).toEqual([
    { level: "Debug", text: "runtime started", annotations: ofRuntime },
    { level: "Debug", text: "made", annotations: ofRecorder },
    { level: "Debug", text: "started", annotations: ofRecorder },
    { level: "Debug", text: "registered the metric probe.ticks", annotations: ofRecorder },
    { level: "Error", text: expect.stringContaining("no disk"), annotations: ofRecorder },
    { level: "Debug", text: "removed", annotations: ofRecorder },
    { level: "Debug", text: "runtime closed", annotations: ofRuntime },
    { level: "Error", text: expect.stringContaining("shut down, but"), annotations: ofRuntime }
  ])
})

it("events, reads and changes have the time of the ManagedRuntime's clock", async () => {
  await using managed = ManagedRuntime.make(fixedClock(5000))
  await using runtime = await MetricsRuntime.start({ ...options, logging: "silent", runtime: managed })
  const changed: Array<number> = []
  const recorder = await runtime.createRecorder("storage", { onMetricChanged: ({ at }) => void changed.push(at) })
  await recorder.registerMetric(TickLog)
  recorder.registerEvent(tick(1))
  await recorder.offerEvent(tick(2))
  const { at, snapshots } = await recorder.getReport()
  const log = [
    [1, 5000],
    [2, 5000]
  ]
  expect(snapshots["probe.tick.log"]?.dimensions).toEqual({ log, now: 5000 })
  expect([at, ...changed]).toEqual([5000, 5000, 5000])
})

it("time stands still with a TestClock, but every limit still runs in real time", async () => {
  await using managed = ManagedRuntime.make(TestClock.layer())
  const runtime = await MetricsRuntime.start({
    ...options,
    logging: "silent",
    shutdownTimeout: "20 millis",
    runtime: managed
  })
  const recorder = await runtime.createRecorder("stuck", { onStopped: () => new Promise(() => {}) })
  await recorder.registerMetric(TickLog)
  recorder.registerEvent(tick(1))
  await managed.runPromise(TestClock.adjust("1 minute"))
  recorder.registerEvent(tick(2))
  const { dimensions } = await recorder.getMetricSnapshot(TickLog)
  expect(dimensions).toMatchObject({
    log: [
      [1, 0],
      [2, 60_000]
    ]
  })
  await expect(runtime.shutdown()).rejects.toMatchObject({ _tag: "mvx-metrics/ShutdownFailed" })
})

const exporters: ReadonlyArray<readonly [what: string, read: (runtime: MetricsRuntime) => Promise<unknown>]> = [
  [
    "a scrape",
    async (runtime) => {
      await runtime.prometheus().handler(new Request("http://localhost/metrics"))
    }
  ],
  [
    "the live page",
    async (runtime) => {
      const { handler } = await runtime.livePage({ path: "/live" })
      await (await handler(new Request("http://localhost/live/data"))).text()
    }
  ],
  [
    "an OTLP exporter",
    async (runtime) => {
      const otlp = await Otlp.start(runtime, { url: "http://127.0.0.1:1/v1/metrics", shutdownTimeout: "400 millis" })
      await otlp.stop()
    }
  ],
  [
    "a meter",
    async (runtime) => {
      let callback: ((result: { readonly observe: () => void }) => Promise<void>) | undefined
      const meter = {
        addBatchObservableCallback: (added: typeof callback) => {
          callback = added
        },
        removeBatchObservableCallback: () => {},
        createObservableCounter: () => ({}),
        createObservableUpDownCounter: () => ({}),
        createObservableGauge: () => ({})
      }
      const stop = OpenTelemetry.observe(meter as never, runtime)
      await callback?.({ observe: () => {} })
      stop()
    }
  ],
  [
    "the process metrics",
    async (runtime) => {
      const measuring = await NodeProcess.start(runtime)
      await measuring.stop()
    }
  ]
]

it.each(exporters)("%s logs to the loggers of the ManagedRuntime", async (_what, read) => {
  await using app = application()
  await using runtime = await MetricsRuntime.start({ ...options, logging: "inspection", runtime: app.managed })
  const recorder = await runtime.createRecorder("storage")
  await recorder.registerMetric(Ticks)
  app.lines.length = 0
  await read(runtime)
  expect(app.lines.length).toBeGreaterThan(0)
  for (const { annotations } of app.lines) expect(annotations).toMatchObject({ namespace: "test.context" })
})

it("the ManagedRuntime may be disposed first: only the services it provided end", async () => {
  const { lines, managed } = application()
  const runtime = await MetricsRuntime.start({ ...options, runtime: managed })
  const stopped: Array<unknown> = []
  const recorder = await runtime.createRecorder("storage", { onStopped: () => void stopped.push(recorder.stats) })
  await recorder.registerMetric(Ticks)
  const waiting = recorder.changes()[Symbol.asyncIterator]().next()
  await managed.dispose()
  recorder.registerEvent(tick(3))
  expect((await waiting).value?.snapshot.dimensions).toEqual({ count: 1, sum: 3 })
  await runtime.shutdown()
  expect(stopped).toEqual([expect.objectContaining({ applied: 1, pending: 0 })])
  expect(lines.at(-1)?.text).toBe("runtime closed")
})

const failing = () => ManagedRuntime.make(Layer.effectDiscard(Effect.fail(new RangeError("no configuration"))))

it("a ManagedRuntime whose layer fails, or that is disposed, fails the start with its error as the cause", async () => {
  const disposed = ManagedRuntime.make(Layer.empty)
  await disposed.dispose()
  await expect(MetricsRuntime.start({ ...options, runtime: failing() })).rejects.toMatchObject({
    _tag: "mvx-metrics/RuntimeFailed",
    namespace: "test.context",
    cause: new RangeError("no configuration"),
    message: 'metrics runtime "test.context" failed: no configuration'
  })
  await expect(MetricsRuntime.start({ ...options, runtime: disposed })).rejects.toMatchObject({
    message: 'metrics runtime "test.context" failed: ManagedRuntime disposed'
  })
})

it("the start waits at most waitTimeout for the layer of the ManagedRuntime, and does not interrupt it", async () => {
  const ended: Array<string> = []
  const never = Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push("the layer")))
  await using managed = ManagedRuntime.make(Layer.effectDiscard(never))
  await expect(MetricsRuntime.start({ ...options, waitTimeout: 20, runtime: managed })).rejects.toMatchObject({
    _tag: "mvx-metrics/RuntimeFailed",
    message: 'metrics runtime "test.context" failed: its ManagedRuntime did not build its layer within 20ms'
  })
  expect(ended).toEqual([])
})

it("a logger of the ManagedRuntime that throws changes nothing", async () => {
  const logger = Logger.make(() => {
    throw new Error("the logger is closed")
  })
  const layer = Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "All"))
  await using managed = ManagedRuntime.make(layer)
  const runtime = await MetricsRuntime.start({ ...options, logging: "inspection", runtime: managed })
  const recorder = await runtime.createRecorder("storage", { onMetricChanged: () => Promise.reject("no sink") })
  await recorder.registerMetric(Ticks)
  recorder.registerEvent(tick(3))
  expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3 })
  expect(recorder.stats).toMatchObject({ state: "Running", applied: 1 })
  await runtime.shutdown()
  expect(runtime.state).toBe("Closed")
})

it.each([
  ["a layer", Layer.empty],
  ["null", null],
  ["a context", {}]
] as const)("%s is rejected as a ManagedRuntime", async (_what, runtime) => {
  await expect(MetricsRuntime.start({ ...options, runtime } as never)).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument: "runtime",
    reason: "must be a ManagedRuntime of Effect"
  })
})
