/** Exporters, instrumentation, the live page and the testing kit. */
import { Cache, Effect, Layer, Queue } from "effect"
import { FetchHttpClient, HttpClient, HttpRouter } from "effect/http"
import { SqlClient } from "effect/sql"
import * as Caches from "mvx-metrics/Caches"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import * as Fetch from "mvx-metrics/Fetch"
import * as Http from "mvx-metrics/Http"
import * as LivePage from "mvx-metrics/LivePage"
import * as NodeHttp from "mvx-metrics/NodeHttp"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import * as Queues from "mvx-metrics/Queues"
import * as Sql from "mvx-metrics/Sql"
import * as Testing from "mvx-metrics/testing"
import { livePage, runtime, scrapes } from "./runtimes.ts"
import { type Kind, kinds, options, type Places, place, type Table } from "./wrong.ts"

const { duration, flag, func, longerThanZero, notBlank, special } = kinds

const served = Layer.mergeAll(HttpRouter.layer, FetchHttpClient.layer)
/** In the runtime of these tests, with a router and a client. */
const here = (given: unknown): unknown =>
  Layer.isLayer(given)
    ? Layer.provide(given as Layer.Layer<unknown, unknown, HttpRouter.HttpRouter>, served)
    : Effect.provide(given as Effect.Effect<unknown, unknown, HttpClient.HttpClient>, served)

const server = { recorderId: notBlank, knownMethods: ["an empty array"] as Kind, serverAddress: flag }
const client = { recorderId: notBlank, knownMethods: ["an empty array"] as Kind }
const sampled = { recorderId: notBlank, interval: longerThanZero }
const ends = { shutdownTimeout: duration }

const url = "http://127.0.0.1:1"
const target = {
  url: special,
  job: notBlank,
  labels: ["an empty object"] as Kind,
  recorderLabel: special,
  selfMetrics: flag,
  headers: ["an empty array", "an empty object"] as Kind,
  maxSchema: ["-1", "0"] as Kind,
  requestTimeout: longerThanZero,
  pushTimeout: longerThanZero,
  retry: special,
  protocol: special,
  method: special,
  format: special
}
const pushing = { ...target, pushInterval: longerThanZero, ...ends, atEnd: special }
const otlp = {
  url: special,
  protocol: special,
  resource: ["an empty object"] as Kind,
  headers: ["an empty array", "an empty object"] as Kind,
  compression: special,
  timeout: longerThanZero,
  retry: special,
  exportInterval: longerThanZero,
  exportTimeout: longerThanZero,
  maxExportBatchSize: special,
  ...ends,
  temporality: special
}

const queue = await Effect.runPromise(Queue.unbounded<number>())
const cache = await Effect.runPromise(Cache.make({ capacity: 1, lookup: (key: string) => Effect.succeed(key) }))
const httpClient = await Effect.runPromise(Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer))
const sqlClient = { "~effect/sql/SqlClient": "~effect/sql/SqlClient" } as unknown as SqlClient.SqlClient
const aRuntime = (call: (runtime: never) => unknown) => ({ runtime: place(special, call) })

const snapshots = { jobs: { name: "jobs", dimensions: { value: 1 } } }

const ofAll = (assert: typeof Testing.assertSnapshots): Places => ({
  received: place(kinds.options, (received) => assert(received, {})),
  expected: place(kinds.record, (expected) => assert(snapshots, expected))
})

const ofOne = (assert: (received: never, expected: never) => void): Places => ({
  received: place(special, (received) => assert(received, {} as never))
})

export const exporters: Table = {
  "Prometheus.handler": options(scrapes, (given) => Prometheus.handler(given)),
  "Prometheus.nodeHandler": options(scrapes, (given) => Prometheus.nodeHandler(given)),
  "Prometheus.render": {
    format: place(["undefined"], (format) => Prometheus.render(format)),
    ...options(scrapes, (given) => Prometheus.render("text", given))
  },
  "Prometheus.layerHttp": options({ ...scrapes, path: special }, (given) => here(Prometheus.layerHttp(given))),
  "Prometheus.push": options(target, (given) => here(Prometheus.push(given)), { url }),
  "Prometheus.layerPush": options(pushing, (given) => here(Prometheus.layerPush(given)), { url }),
  "Prometheus.pushFrom": {
    ...aRuntime((each) => Prometheus.pushFrom(each, { url })),
    ...options(target, (given) => Prometheus.pushFrom(runtime, given), { url })
  },
  "Prometheus.startPush": {
    ...aRuntime((each) => Prometheus.startPush(each, { url })),
    ...options(pushing, (given) => Prometheus.startPush(runtime, given), { url })
  },
  "Otlp.layer": options(otlp, (given) => here(Otlp.layer(given))),
  "Otlp.layerJson": options({ ...otlp, protocol: kinds.anything }, (given) => here(Otlp.layerJson(given))),
  "Otlp.layerProtobuf": options({ ...otlp, protocol: kinds.anything }, (given) => here(Otlp.layerProtobuf(given))),
  "Otlp.start": {
    ...aRuntime((each) => Otlp.start(each)),
    ...options(otlp, (given) => Otlp.start(runtime, given))
  },
  "OpenTelemetry.producer": aRuntime((each) => OpenTelemetry.producer(each)),
  "OpenTelemetry.observe": { meter: place(special, (meter) => OpenTelemetry.observe(meter, runtime)) },
  "OpenTelemetry.layer": { meter: place(special, (meter) => OpenTelemetry.layer(meter)) },
  "PromClient.registerInto": { registry: place(special, (registry) => PromClient.registerInto(registry, runtime)) },
  "PromClient.layer": { registry: place(special, (registry) => PromClient.layer(registry)) },
  "EffectMetrics.layer": options({ interval: longerThanZero, names: special }, (given) => EffectMetrics.layer(given)),
  "LivePage.layerHttp": options(livePage, (given) => here(LivePage.layerHttp(given))),
  "LivePage.handler": options(livePage, (given) => LivePage.handler(given)),
  "LivePage.nodeHandler": options(livePage, (given) => LivePage.nodeHandler(given)),
  "NodeHttp.middleware": {
    ...aRuntime((each) => NodeHttp.middleware(each)),
    ...options({ ...server, route: func }, (given) => NodeHttp.middleware(runtime, given))
  },
  "NodeHttp.fastifyHook": {
    ...aRuntime((each) => NodeHttp.fastifyHook(each)),
    ...options(server, (given) => NodeHttp.fastifyHook(runtime, given))
  },
  "Fetch.handler": {
    ...aRuntime((each) => Fetch.handler(each, () => new Response())),
    handle: place(func, (handle) => Fetch.handler(runtime, handle)),
    ...options({ ...server, route: func }, (given) => Fetch.handler(runtime, () => new Response(), given))
  },
  "Fetch.middleware": {
    ...aRuntime((each) => Fetch.middleware(each)),
    ...options(server, (given) => Fetch.middleware(runtime, given))
  },
  "Fetch.start": {
    ...aRuntime((each) => Fetch.start(each)),
    ...options(client, (given) => Fetch.start(runtime, given))
  },
  "Http.middleware": options(server, (given) => Http.middleware(given)),
  "Http.layer": options(server, (given) => here(Http.layer(given))),
  "Http.client": {
    self: place(special, (self) => Http.client(self)),
    ...options(client, (given) => Http.client(httpClient, given))
  },
  "Http.layerClient": options(client, (given) => here(Http.layerClient(given))),
  "NodeProcess.layer": options(sampled, (given) => NodeProcess.layer(given)),
  "NodeProcess.start": {
    ...aRuntime((each) => NodeProcess.start(each)),
    ...options(sampled, (given) => NodeProcess.start(runtime, given))
  },
  "Queues.observe": {
    name: place(notBlank, (name) => Queues.observe(name, queue)),
    queue: place(special, (each) => Queues.observe("a", each)),
    ...options(sampled, (given) => Queues.observe("a", queue, given))
  },
  "Caches.observe": {
    name: place(notBlank, (name) => Caches.observe(name, cache)),
    cache: place(special, (each) => Caches.observe("a", each)),
    ...options(sampled, (given) => Caches.observe("a", cache, given))
  },
  "Sql.client": {
    self: place(special, (self) => Sql.client(self)),
    ...options({ recorderId: notBlank, namespace: notBlank, serverAddress: notBlank, serverPort: special }, (given) =>
      Sql.client(sqlClient, given)
    )
  },
  "Sql.layer": options(
    { recorderId: notBlank, namespace: notBlank, serverAddress: notBlank, serverPort: special },
    (given) => Layer.provide(Sql.layer(given), Layer.succeed(SqlClient.SqlClient, sqlClient))
  ),
  "TestRecorder.layer": options(
    {
      capacity: special,
      overflow: special,
      entityId: kinds.text,
      onStarting: special,
      onMetricChanged: func,
      metrics: special
    },
    (given) => Testing.TestRecorder.layer(given)
  ),
  "TestRecorder.layerSync": options({ metrics: special }, (given) => Testing.TestRecorder.layerSync(given)),
  "TestRecorder.eventsOf": {
    family: place(special, (family) =>
      Effect.provide(Testing.TestRecorder.eventsOf(family), Testing.TestRecorder.layer())
    )
  },
  assertSnapshots: ofAll(Testing.assertSnapshots),
  assertSnapshotsMatch: ofAll(Testing.assertSnapshotsMatch),
  assertSnapshot: ofOne(Testing.assertSnapshot),
  assertSnapshotMatches: ofOne(Testing.assertSnapshotMatches),
  fixedClock: { time: place(["-1", "0", "1.5", "2 ** 53", "a Date"], (time) => Testing.fixedClock(time)) },
  steppingClock: {
    start: place(["-1", "0", "1.5", "2 ** 53", "a Date"], (start) => Testing.steppingClock(start, "1 second"), "time"),
    step: place(duration, (step) => Testing.steppingClock(0, step))
  }
}
