// Effect's HTTP servers and clients are measured, however a request ends.

import { request as send } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Logger, Schema, Stream } from "effect"
import {
  HttpBody,
  HttpClient,
  HttpClientError,
  HttpClientResponse,
  HttpRouter,
  HttpServer,
  HttpServerResponse
} from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Http from "mvx-metrics/Http"
import { seriesOf } from "./support.ts"

const InProcess = MetricsLayer.layerInProcess({ namespace: "test.http", logging: "silent" })

const runtimes = {
  "in process": InProcess,
  // It imports the metrics by itself.
  "on the worker": MetricsLayer.layerWorker({ namespace: "test.http.worker", logging: "silent" })
}

const read = Effect.gen(function* () {
  const recorder = yield* (yield* MetricsRuntime).getRecorder("http")
  return yield* recorder.snapshots
})

const durations = Effect.map(read, (snapshots) => seriesOf(snapshots, "http.server.request.duration"))

const activeNow = Effect.map(read, (snapshots) =>
  seriesOf(snapshots, "http.server.active_requests", "value").map(({ value }) => value)
)

/** Serves routes on a port of their own, with a client that asks there. */
const served = <E, R>(routes: Layer.Layer<never, E, R>, options: { readonly disableLogger?: boolean } = {}) =>
  HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true, ...options }).pipe(
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

/** Where it listens. */
const origin = Effect.map(
  HttpServer.HttpServer,
  ({ address }) => `http://127.0.0.1:${(address as { readonly port: number }).port}`
)

const ask = (path: string, method: "GET" | "POST" = "GET", body?: string) =>
  Effect.gen(function* () {
    const url = (yield* origin) + path
    const response = yield* Effect.promise(() => fetch(url, { method, ...(body !== undefined && { body }) }))
    yield* Effect.promise(() => response.text())
    return response.status
  })

const hello = HttpServerResponse.text("hello")

const Routes = Layer.mergeAll(
  HttpRouter.add("GET", "/users/:id", hello),
  HttpRouter.add("POST", "/users/:id", HttpServerResponse.empty({ status: 503 })),
  HttpRouter.add("GET", "/fails", Effect.fail("no")),
  HttpRouter.add("GET", "/dies", Effect.die(new Error("no"))),
  HttpRouter.add("GET", "/says", Effect.die(HttpServerResponse.empty({ status: 418 }))),
  HttpRouter.addAll([HttpRouter.route("GET", "/:thing", hello)], { prefix: "/things" })
)

const common = { "url.scheme": "http", "network.protocol.version": "1.1" }

describe("an Effect router", () => {
  for (const [where, Metrics] of Object.entries(runtimes)) {
    it.live(`is measured by its route templates, ${where}`, () =>
      Effect.gen(function* () {
        for (const path of ["/users/1", "/users/2", "/things/1", "/fails", "/dies", "/says", "/nowhere"])
          yield* ask(path)
        yield* ask("/users/1", "POST", "12345678")
        const snapshots = yield* read
        const get = { "http.request.method": "GET", ...common }
        const user = { ...get, "http.route": "/users/:id", "http.response.status_code": 200 }
        const posted = {
          ...common,
          "http.request.method": "POST",
          "http.route": "/users/:id",
          "http.response.status_code": 503,
          "error.type": "503"
        }
        const failed = { ...get, "http.response.status_code": 500, "error.type": "500" }
        expect(seriesOf(snapshots, "http.server.request.duration")).toEqual([
          { ...user, count: 2 },
          { ...user, "http.route": "/things/:thing", count: 1 },
          { ...failed, "http.route": "/fails", count: 1 },
          { ...failed, "http.route": "/dies", count: 1 },
          { ...get, "http.route": "/says", "http.response.status_code": 418, count: 1 },
          { ...get, "http.response.status_code": 404, count: 1 },
          { ...posted, count: 1 }
        ])
        expect(seriesOf(snapshots, "http.server.request.body.size", "sum")).toContainEqual({ ...posted, sum: 8 })
        expect(seriesOf(snapshots, "http.server.response.body.size", "sum")).toContainEqual({ ...user, sum: 10 })
        expect(seriesOf(snapshots, "http.server.response.body.size", "sum")).toContainEqual({ ...posted, sum: 0 })
        expect(seriesOf(snapshots, "http.server.active_requests", "value").map(({ value }) => value)).toEqual([0, 0])
      }).pipe(Effect.provide(served(Layer.provide(Routes, Http.layer())).pipe(Layer.provideMerge(Metrics))))
    )
  }

  class User extends Context.Service<User, string>()("test/User") {}

  const Login = HttpRouter.middleware<{ provides: User }>()(
    (effect) => Effect.provideService(effect, User, "somebody"),
    { global: true }
  )
  const Refusal = HttpRouter.middleware((effect) => Effect.as(effect, HttpServerResponse.empty({ status: 401 }))).layer

  it.live.each([
    ["global middleware that provides a service", Layer.provide(Routes, Login)],
    ["middleware of routes that answers itself", Layer.provide(Layer.provide(Routes, Refusal), Login)]
  ] as const)("finds the route within %s", ([, routes]) =>
    Effect.gen(function* () {
      yield* ask("/users/1")
      expect((yield* durations)[0]).toMatchObject({ "http.route": "/users/:id" })
    }).pipe(Effect.provide(served(Layer.provide(routes, Http.layer())).pipe(Layer.provideMerge(InProcess))))
  )

  it.live("finds the route if the layer is next to the routes", () =>
    Effect.gen(function* () {
      yield* ask("/users/1")
      expect((yield* durations)[0]).toMatchObject({ "http.route": "/users/:id" })
    }).pipe(Effect.provide(served(Layer.mergeAll(Http.layer(), Routes)).pipe(Layer.provideMerge(InProcess))))
  )

  it.live("counts once per recorder, however many layers there are, and by its route in each recorder", () =>
    Effect.gen(function* () {
      yield* ask("/users/1")
      const runtime = yield* MetricsRuntime
      for (const id of ["http", "other"]) {
        const { snapshots } = yield* runtime.getRecorder(id)
        expect(seriesOf(yield* snapshots, "http.server.request.duration")).toMatchObject([
          { "http.route": "/users/:id", count: 1 }
        ])
      }
    }).pipe(
      Effect.provide(
        served(
          Routes.pipe(
            Layer.provide(Http.layer()),
            Layer.provide(Http.layer({ recorderId: "other" })),
            Layer.provide(Http.layer())
          )
        ).pipe(Layer.provideMerge(InProcess))
      )
    )
  )

  it.live("is measured with the routes of an HttpApi", () => {
    const Users = HttpApiGroup.make("users").add(
      HttpApiEndpoint.get("user", "/users/:id", { params: { id: Schema.Int }, success: Schema.String })
    )
    const Api = HttpApi.make("api").add(Users).prefix("/v1")
    const ApiRoutes = HttpApiBuilder.layer(Api).pipe(
      Layer.provide(
        HttpApiBuilder.group(Api, "users", (handlers) => handlers.handle("user", () => Effect.succeed("one")))
      )
    )
    return Effect.gen(function* () {
      for (const path of ["/v1/users/1", "/v1/users/none", "/v1/groups"]) yield* ask(path)
      expect((yield* durations).map((each) => [each["http.route"], each["http.response.status_code"]])).toEqual([
        ["/v1/users/:id", 200],
        ["/v1/users/:id", 400],
        [undefined, 404]
      ])
    }).pipe(Effect.provide(served(Layer.provide(ApiRoutes, Http.layer())).pipe(Layer.provideMerge(InProcess))))
  })
})

/** A request has come as far as it should. */
class Came extends Context.Service<Came, Deferred.Deferred<void>>()("test/Came") {}

const came = Effect.flatMap(Came, (deferred) => Deferred.succeed(deferred, undefined))

const SlowRoutes = Layer.mergeAll(
  HttpRouter.add("GET", "/waits", Effect.andThen(came, Effect.never)),
  HttpRouter.add("GET", "/sleeps", Effect.as(Effect.andThen(came, Effect.sleep("2 seconds")), hello)),
  HttpRouter.add(
    "GET",
    "/streams",
    Effect.map(Came, (deferred) =>
      HttpServerResponse.stream(
        Stream.concat(
          Stream.make(new Uint8Array(5)),
          Stream.fromEffect(Effect.andThen(Deferred.succeed(deferred, undefined), Effect.never))
        )
      )
    )
  )
)

const slow = (options: { readonly disableLogger: boolean }) =>
  served(Layer.provide(SlowRoutes, Http.layer()), options).pipe(
    Layer.provideMerge(Layer.effect(Came, Deferred.make<void>())),
    Layer.provideMerge(Logger.layer([])),
    Layer.provideMerge(InProcess)
  )

describe("a request to an Effect server", () => {
  it.live.each([
    ["before the response", "/waits", undefined, true],
    ["before the response, which is logged", "/waits", undefined, false],
    ["within the response", "/streams", 200, true],
    ["within the response, which is logged", "/streams", 200, false]
  ] as const)("is aborted if the client disconnects %s", ([, path, status, disableLogger]) =>
    Effect.gen(function* () {
      const client = send((yield* origin) + path, (response) => response.on("error", () => {}))
      client.on("error", () => {}).end()
      yield* Deferred.await(yield* Came)
      expect(yield* activeNow).toEqual([1])
      client.destroy()
      yield* Effect.repeat(Effect.andThen(Effect.yieldNow, activeNow), { until: ([value]) => value === 0 })
      const [only, ...others] = yield* durations
      expect(others).toEqual([])
      expect([only!["http.route"], only!["http.response.status_code"], only!["error.type"]]).toEqual([
        path,
        status,
        "aborted"
      ])
    }).pipe(Effect.provide(slow({ disableLogger })))
  )

  it.effect("takes its time from the clock of its fiber, and is active until it has ended", () =>
    Effect.gen(function* () {
      const asked = yield* Effect.forkChild(ask("/sleeps"))
      yield* Deferred.await(yield* Came)
      expect(yield* activeNow).toEqual([1])
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(asked)).toBe(200)
      expect(seriesOf(yield* read, "http.server.request.duration", "sum")).toMatchObject([{ sum: 2 }])
      expect(yield* activeNow).toEqual([0])
    }).pipe(Effect.provide(slow({ disableLogger: true })))
  )

  it.live("has no route if the server has no router", () =>
    Effect.gen(function* () {
      expect(yield* ask("/anything")).toBe(200)
      expect(yield* durations).toEqual([
        { "http.request.method": "GET", ...common, "http.response.status_code": 200, count: 1 }
      ])
    }).pipe(
      Effect.provide(
        Layer.unwrap(Effect.map(Http.middleware(), (measure) => HttpServer.serve(Effect.succeed(hello), measure))).pipe(
          Layer.provideMerge(NodeHttpServer.layerTest),
          Layer.provideMerge(Logger.layer([])),
          Layer.provideMerge(InProcess)
        )
      )
    )
  )

  it.live("keeps the headers of a response whose body is a stream", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get("/text")
      expect(yield* response.text).toBe("hello")
      expect(response.headers).toMatchObject({ "content-type": "text/csv", "x-own": "1" })
    }).pipe(
      Effect.provide(
        served(
          HttpRouter.add(
            "GET",
            "/text",
            HttpServerResponse.stream(Stream.make(new TextEncoder().encode("hello")), {
              contentType: "text/plain",
              headers: { "x-own": "1" }
            }).pipe(HttpServerResponse.setHeader("content-type", "text/csv"))
          ).pipe(Layer.provide(Http.layer()))
        ).pipe(Layer.provideMerge(InProcess))
      )
    )
  )
})

describe("an Effect client", () => {
  const answers = HttpClient.make((request, url) => {
    const respond = (status: number) =>
      HttpClientResponse.fromWeb(request, new Response("hello", { status, headers: { "content-length": "5" } }))
    switch (url.pathname) {
      case "/fails":
        return Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
      case "/dies":
        return Effect.die(new RangeError("no"))
      case "/waits":
        return Effect.never
      default:
        return Effect.as(Effect.sleep("3 seconds"), respond(Number(url.pathname.slice(1))))
    }
  })

  const measured = Effect.map(read, (snapshots) => ({
    durations: seriesOf(snapshots, "http.client.request.duration"),
    seconds: seriesOf(snapshots, "http.client.request.duration", "sum").map(({ sum }) => sum),
    active: seriesOf(snapshots, "http.client.active_requests", "value").map(({ value }) => value),
    requestSizes: seriesOf(snapshots, "http.client.request.body.size", "sum").map(({ sum }) => sum),
    responseSizes: seriesOf(snapshots, "http.client.response.body.size", "sum").map(({ sum }) => sum)
  }))

  const Client = Http.layerClient().pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, answers)),
    Layer.provideMerge(InProcess)
  )

  it.effect("is measured by address and status", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const asked = yield* Effect.forkChild(
        Effect.all(
          [
            client.get("https://user:secret@Example.com/200?a=b"),
            client.get("http://[::1]:8080/404"),
            client.post("https://example.com/201", { body: HttpBody.text("12345678") })
          ],
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      expect((yield* measured).active).toEqual([1, 1, 1])
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(asked)
      const { active, durations, requestSizes, responseSizes, seconds } = yield* measured
      const secure = { "server.address": "example.com", "server.port": 443 }
      expect(durations).toEqual([
        { "http.request.method": "GET", ...secure, "http.response.status_code": 200, count: 1 },
        {
          "http.request.method": "GET",
          "server.address": "::1",
          "server.port": 8080,
          "http.response.status_code": 404,
          "error.type": "404",
          count: 1
        },
        { "http.request.method": "POST", ...secure, "http.response.status_code": 201, count: 1 }
      ])
      expect(seconds).toEqual([3, 3, 3])
      expect(active).toEqual([0, 0, 0])
      expect(requestSizes).toEqual([0, 0, 8])
      expect(responseSizes).toEqual([5, 5, 5])
    }).pipe(Effect.provide(Client))
  )

  it.effect("reports the error of a request that ended without a response", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      yield* Effect.exit(client.get("http://localhost/fails"))
      yield* Effect.exit(client.get("http://localhost/dies"))
      const waiting = yield* Effect.forkChild(client.get("http://localhost/waits"), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      const { active, durations } = yield* measured
      expect(durations.map((each) => [each["error.type"], each["http.response.status_code"]])).toEqual([
        ["TransportError", undefined],
        ["RangeError", undefined],
        ["aborted", undefined]
      ])
      expect(active).toEqual([0])
    }).pipe(Effect.provide(Client))
  )

  it.effect("reports the status of a response that its filter rejects", () =>
    Effect.gen(function* () {
      const client = yield* Http.client(HttpClient.filterStatusOk(answers))
      const asked = yield* Effect.forkChild(Effect.exit(client.get("http://localhost/500")), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(asked)
      const { durations } = yield* measured
      expect(durations).toMatchObject([{ "http.response.status_code": 500, "error.type": "500" }])
    }).pipe(Effect.scoped, Effect.provide(InProcess))
  )
})
