/** Runtimes, recorders and emitters, with Effect and without, and the merging of several. */
import { type Effect, Layer, ManagedRuntime } from "effect"
import { Metric, MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import * as MetricsCluster from "mvx-metrics/MetricsCluster"
import * as MetricsStore from "mvx-metrics/MetricsStore"
import * as MetricsStream from "mvx-metrics/MetricsStream"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import { MetricsRuntime as Facade, MetricsReader } from "mvx-metrics/promise"
import * as RedisStore from "mvx-metrics/RedisStore"
import { ByHand, done, Jobs } from "./definitions.ts"
import { type Kind, kinds, optional, options, type Places, place, type Table } from "./wrong.ts"

const { duration, finiteDuration, flag, func, longerThanZero, notBlank, special, text } = kinds

const defaults: { readonly [option: string]: Kind } = {
  capacity: special,
  overflow: special,
  backpressureTimeout: duration,
  logging: special,
  waitTimeout: duration,
  totalOfRemoved: notBlank
}
const recorderOptions = { ...defaults, entityId: text, shutdownTimeout: duration }
const effectHooks = { onStarting: special, onStopped: special, onMetricChanged: func }
const plainHooks = { onStarting: func, onStopped: func, onMetricChanged: func }
/** No recorder has such an id, which is another error. */
const missing: Kind = ["a very long text", "a lone surrogate"]
const namespace: Kind = ["a very long text"]
const runtimeOptions = {
  ...defaults,
  namespace,
  shutdownTimeout: duration,
  memoryLimit: special,
  onStateChanged: func,
  flightRecorder: ["an empty object"] as Kind,
  durable: special,
  stream: special
}
const workerOptions = {
  ...runtimeOptions,
  durable: ["an empty object"] as Kind,
  metrics: ["undefined"] as Kind,
  spawn: func,
  startTimeout: longerThanZero,
  restart: special,
  stallTimeout: longerThanZero,
  env: ["an empty object"] as Kind,
  resourceLimits: ["an empty object"] as Kind,
  sharedMemory: flag
}
const threadOptions = {
  ...defaults,
  shutdownTimeout: duration,
  memoryLimit: special,
  onStateChanged: func,
  namespace,
  port: special,
  startTimeout: longerThanZero
}

const inProcess = { namespace: "test.arguments" }

const Metrics = Recorder.layer("one").pipe(
  Layer.provideMerge(MetricsLayer.layerInProcess({ ...inProcess, logging: "silent" }))
)

/** Where there is a runtime, and a recorder that measures. */
export const managed = ManagedRuntime.make(Metrics)
export const runtime = await managed.runPromise(MetricsRuntime)
export const recorder = await managed.runPromise(Recorder)
await managed.runPromise(recorder.register(Jobs))
export const emitter = await managed.runPromise(recorder.register(ByHand))

export const plain = await Facade.start({ logging: "silent", namespace: "test.arguments.plain", inProcess: true })
export const plainRecorder = await plain.createRecorder("one")
export const plainEmitter = await plainRecorder.registerMetric(Jobs)
export const plainDelta = plainRecorder.createDeltaReader()
export const reader = await MetricsReader.open({
  store: MetricsStore.MetricsStore.layerMemory,
  namespace: "test.arguments",
  metrics: [Jobs],
  logger: () => {}
})

const waits: { readonly [option: string]: Kind } = { timeout: duration, signal: special }
const livePage = { path: special, maxRecorders: special, maxSeries: special }
const scrapes: { readonly [option: string]: Kind } = {
  timeout: longerThanZero,
  maxSchema: ["-1", "0"],
  recorderLabel: special,
  labels: ["an empty object"],
  selfMetrics: flag,
  effectMetrics: flag
}

export { livePage, scrapes }

const set = Metric.combine(Jobs, ByHand)
const anEvent = (emit: (event: never) => unknown): Places => ({ event: place(special, emit) })

const readers = { namespace, metrics: special }
const readerOptions = {
  store: special,
  ...readers,
  levels: ["an empty array"] as Kind,
  timeToLive: longerThanZero,
  retires: flag,
  retireAfter: longerThanZero,
  maxEnded: special
}
const store = MetricsStore.MetricsStore.layerMemory
const aReader = { store, namespace: "test.arguments", metrics: [Jobs] }
const streamOptions = {
  store: special,
  ...readers,
  interval: longerThanZero,
  lease: finiteDuration,
  silentAfter: finiteDuration,
  maxEnded: special
}
const clusterOptions = {
  ...readers,
  levels: ["an empty array"] as Kind,
  timeout: longerThanZero,
  maxEnded: special
}
const serverOptions = { url: special, prefix: special, timeout: finiteDuration }

const servers = (name: string, { layer, make }: typeof RedisStore, url: string, prefix: Kind): Table => ({
  [`${name}.make`]: options({ ...serverOptions, prefix }, (given) => make(given), { url }),
  [`${name}.layer`]: options({ ...serverOptions, prefix }, (given) => layer(given), { url })
})

const { MetricsCluster: Cluster } = MetricsCluster
const { MetricsStore: Store } = MetricsStore
const { MetricsStream: Streams } = MetricsStream

export const runtimes: Table = {
  "MetricsRuntime.makeInProcess": options(runtimeOptions, (given) => MetricsRuntime.makeInProcess(given), inProcess),
  "MetricsRuntime.makeWorker": options(workerOptions, (given) => MetricsRuntime.makeWorker(given), inProcess),
  "MetricsLayer.layerInProcess": options(runtimeOptions, (given) => MetricsLayer.layerInProcess(given), inProcess),
  "MetricsLayer.layerWorker": options(workerOptions, (given) => MetricsLayer.layerWorker(given), inProcess),
  "MetricsLayer.layerThread": options(threadOptions, (given) => MetricsLayer.layerThread(given)),
  "MetricsLayer.config": options({ ...runtimeOptions, durable: kinds.record, stream: kinds.record }, (given) =>
    MetricsLayer.config(given)
  ),
  "MetricsLayer.layerInProcessConfig": {
    options: place(optional(kinds.options), (given) => MetricsLayer.layerInProcessConfig(given))
  },
  "MetricsLayer.layerWorkerConfig": {
    options: place(optional(kinds.options), (given) => MetricsLayer.layerWorkerConfig(given))
  },
  "Recorder.register": {
    metrics: place(special, (metrics) => Recorder.register(metrics)),
    ...options({ replace: flag }, (given) => Recorder.register(Jobs, given))
  },
  "Recorder.emitter": { family: place(special, (family) => Recorder.emitter(family)) },
  "Recorder.layer": {
    recorderId: place(notBlank, (id) => Recorder.layer(id)),
    ...options({ ...recorderOptions, ...effectHooks }, (given) => Recorder.layer("two", given))
  },
  "Recorder.make": options({ ...recorderOptions, ...effectHooks }, (given) => Recorder.make(given)),
  "runtime.createRecorder": {
    recorderId: place(notBlank, (id) => runtime.createRecorder(id)),
    ...options({ ...recorderOptions, ...effectHooks }, (given) => runtime.createRecorder("bad", given))
  },
  "runtime.recorder": {
    recorderId: place(notBlank, (id) => runtime.recorder(id)),
    ...options({ ...recorderOptions, ...effectHooks }, (given) => runtime.recorder("bad", given))
  },
  ...Object.fromEntries(
    (["getRecorder", "findRecorder", "stopRecorder", "stopAndRemoveRecorder"] as const).map((name) => [
      `runtime.${name}`,
      { recorderId: place(missing, (id) => runtime[name](id) as Effect.Effect<unknown, unknown>) }
    ])
  ),
  "runtime.beforeRemoval": { tell: place(func, (tell) => runtime.beforeRemoval(tell)) },
  "runtime.acceptThreads": options({ metrics: ["an empty array"] }, (given) => runtime.acceptThreads(given)),
  "runtime.threadPort": options({ metrics: ["an empty array"] }, (given) => runtime.threadPort(given)),
  "runtime.flush": options({ timeout: duration }, (given) => runtime.flush(given)),
  "runtime.flightRecording": options({ recorderId: text }, (given) => runtime.flightRecording(given)),
  "recorder.register": {
    metrics: place(special, (metrics) => recorder.register(metrics)),
    ...options({ replace: flag }, (given) => recorder.register(Jobs, given))
  },
  "recorder.emitter": { family: place(special, (family) => recorder.emitter(family)) },
  "recorder.emit": anEvent((event) => recorder.emit(event)),
  "recorder.snapshot": {
    metrics: place(special, (metric) => recorder.snapshot(metric), "metrics", "metric"),
    ...options({ labels: ["an empty object"] }, (given) => recorder.snapshot(Jobs, given))
  },
  "recorder.flush": options({ timeout: duration }, (given) => recorder.flush(given)),
  "recorder.reset": { metric: place(["undefined"], (metric) => recorder.reset(metric)) },
  "recorder.changesOf": { metrics: place(special, (metrics) => recorder.changesOf(metrics)) },
  "MetricsRuntime.start": options(
    { ...workerOptions, inProcess: flag, flushOn: ["an empty array"], runtime: special, logger: func },
    (given) => Facade.start(given),
    inProcess
  ),
  "MetricsRuntime.attach": options(threadOptions, (given) => Facade.attach(given)),
  "plain.createRecorder": {
    recorderId: place(notBlank, (id) => plain.createRecorder(id)),
    ...options({ ...recorderOptions, ...plainHooks }, (given) => plain.createRecorder("bad", given))
  },
  ...Object.fromEntries(
    (["getRecorder", "findRecorder", "stopRecorder", "stopAndRemoveRecorder"] as const).map((name) => [
      `plain.${name}`,
      { recorderId: place(missing, (id) => plain[name](id)) }
    ])
  ),
  "plain.acceptThreads": options({ metrics: ["an empty array"] }, (given) => plain.acceptThreads(given)),
  "plain.threadPort": options({ metrics: ["an empty array"] }, (given) => plain.threadPort(given)),
  "plain.writeTo": options({ store: special, every: finiteDuration }, (given) => plain.writeTo(given)),
  "plain.flush": options(waits, (given) => plain.flush(given)),
  "plain.flightRecording": options({ recorderId: text }, (given) => plain.flightRecording(given)),
  "plain.prometheus": options(scrapes, (given) => plain.prometheus(given)),
  "plain.livePage": options(livePage, (given) => plain.livePage(given)),
  "plainRecorder.registerMetric": {
    metrics: place(special, (metrics) => plainRecorder.registerMetric(metrics)),
    ...options({ replace: flag }, (given) => plainRecorder.registerMetric(Jobs, given))
  },
  "plainRecorder.emitter": { family: place(special, (family) => plainRecorder.emitter(family)) },
  "plainRecorder.registerEvent": anEvent((event) => plainRecorder.registerEvent(event)),
  "plainRecorder.offerEvent": {
    ...anEvent((event) => plainRecorder.offerEvent(event)),
    ...options({ signal: special }, (given) => plainRecorder.offerEvent(done, given))
  },
  "plainRecorder.getMetricSnapshots": options(waits, (given) => plainRecorder.getMetricSnapshots(given)),
  "plainRecorder.getMetricSnapshot": {
    metrics: place(special, (metric) => plainRecorder.getMetricSnapshot(metric as typeof set), "metrics", "metric"),
    ...options({ ...waits, labels: ["an empty object"] }, (given) => plainRecorder.getMetricSnapshot(Jobs, given))
  },
  "plainRecorder.getReport": options(waits, (given) => plainRecorder.getReport(given)),
  "plainRecorder.getMetricStates": options(waits, (given) => plainRecorder.getMetricStates(given)),
  "plainRecorder.flush": options(waits, (given) => plainRecorder.flush(given)),
  "plainRecorder.resetMetrics": { metric: place(["undefined"], (metric) => plainRecorder.resetMetrics(metric)) },
  "plainRecorder.changesOf": {
    metrics: place(special, (metrics) => plainRecorder.changesOf(metrics)[Symbol.asyncIterator]().next())
  },
  "plainDelta.read": options(waits, (given) => plainDelta.read(given)),
  "MetricsReader.open": options({ ...readerOptions, logger: func }, (given) => MetricsReader.open(given), aReader),
  "reader.scrape": options(scrapes, (given) => reader.scrape(given)),
  "reader.livePage": options(livePage, (given) => reader.livePage(given)),
  "reader.prometheus": options(scrapes, (given) => reader.prometheus(given)),
  "MetricsCluster.make": options(clusterOptions, (given) => Cluster.make(given), { metrics: [Jobs] }),
  "MetricsCluster.layer": options(clusterOptions, (given) => Cluster.layer(given), { metrics: [Jobs] }),
  "MetricsCluster.layerWorker": options({ every: longerThanZero, shutdownTimeout: duration }, (given) =>
    Layer.provide(Cluster.layerWorker(given), Layer.succeed(MetricsRuntime, runtime))
  ),
  "MetricsStore.layer": options({ store: special, every: finiteDuration }, (given) =>
    Layer.provide(Store.layer(given), Layer.succeed(MetricsRuntime, runtime))
  ),
  "MetricsStore.makeReader": options(readerOptions, (given) => Store.makeReader(given), aReader),
  "MetricsStore.layerReader": options(readerOptions, (given) => Store.layerReader(given), aReader),
  "MetricsStore.module": {
    url: place(special, (url) => Store.module(url)),
    settings: place(
      kinds.anything.filter((name) => !/function|symbol|Promise|proxy/.test(name)),
      (settings) => Store.module(import.meta.url, settings)
    )
  },
  "MetricsStream.make": options(streamOptions, (given) => Streams.make(given), aReader),
  "MetricsStream.layer": options(streamOptions, (given) => Streams.layer(given), aReader),
  ...servers("RedisStore", RedisStore, "redis://127.0.0.1:1", text),
  ...servers("PostgresStore", PostgresStore, "postgres://127.0.0.1:1/a", special)
}
