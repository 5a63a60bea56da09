// The node:http middleware measures requests of a real server, however they end.

import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http"
import type { AddressInfo } from "node:net"
import * as NodeHttp from "mvx-metrics/NodeHttp"
import { type MetricsRecorder, MetricsRuntime, type Snapshots } from "mvx-metrics/promise"
import { describe, expect, it } from "vitest"
import { seriesOf } from "./support.ts"

type Handle = (request: IncomingMessage & { route?: unknown }, response: ServerResponse) => void

interface Served extends AsyncDisposable {
  readonly url: string
  readonly recorder: MetricsRecorder
  readonly ask: (path: string, init?: RequestInit) => Promise<number>
  /** The snapshots, once no request is open any more. */
  readonly snapshots: () => Promise<Snapshots>
}

const serve = async (
  handle: Handle,
  options: NodeHttp.Options = {},
  { inProcess = true }: { readonly inProcess?: boolean } = {}
): Promise<Served> => {
  const runtime = await MetricsRuntime.start({ namespace: "test.node_http", inProcess, logging: "silent" })
  const measure = await NodeHttp.middleware(runtime, options)
  let open = 0
  let settled = (): void => {}
  const server = createServer((request, response) => {
    open++
    // Comes after the listener of the middleware.
    measure(request, response, () =>
      response.once("close", () => {
        open--
        settled()
      })
    )
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const recorder = runtime.getRecorder("http")
  return {
    url,
    recorder,
    ask: async (path, init) => {
      const response = await fetch(url + path, init)
      await response.arrayBuffer()
      return response.status
    },
    snapshots: async () => {
      while (open > 0) await new Promise<void>((resolve) => (settled = resolve))
      return recorder.getMetricSnapshots()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await runtime.shutdown()
    }
  }
}

/** As Express does, without Express. */
const users: Handle = (request, response) => {
  if (/^\/users\/\w+$/.test(request.url!)) {
    request.route = { path: "/users/:id" }
    response.setHeader("content-length", 5).end("hello")
  } else response.writeHead(404).end()
}

const common = { "url.scheme": "http", "network.protocol.version": "1.1" }

describe("the node:http middleware", () => {
  it.each([true, false])("measures requests by their route template, with inProcess: %s", async (inProcess) => {
    await using served = await serve(users, {}, { inProcess })
    await served.ask("/users/1")
    await served.ask("/users/2")
    await served.ask("/users/2", { method: "POST", body: "12345678" })
    await served.ask("/other", { method: "PURGE" })
    const snapshots = await served.snapshots()
    const [get, post, other] = [
      { "http.request.method": "GET", "http.route": "/users/:id", "http.response.status_code": 200, ...common },
      { "http.request.method": "POST", "http.route": "/users/:id", "http.response.status_code": 200, ...common },
      { "http.request.method": "_OTHER", "http.response.status_code": 404, ...common }
    ]
    expect(seriesOf(snapshots, "http.server.request.duration")).toEqual([
      { ...get, count: 2 },
      { ...post, count: 1 },
      { ...other, count: 1 }
    ])
    expect(seriesOf(snapshots, "http.server.request.body.size", "sum")).toEqual([
      { ...get, sum: 0 },
      { ...post, sum: 8 },
      { ...other, sum: 0 }
    ])
    expect(seriesOf(snapshots, "http.server.response.body.size", "sum")).toEqual([
      { ...get, sum: 10 },
      { ...post, sum: 5 }
    ])
    expect(seriesOf(snapshots, "http.server.active_requests", "value")).toEqual(
      ["GET", "POST", "_OTHER"].map((method) => ({ "http.request.method": method, "url.scheme": "http", value: 0 }))
    )
  })

  it("counts a request as active until its response is complete", async () => {
    let finish = (): void => {}
    await using served = await serve((_, response) => {
      response.write("first")
      finish = () => response.end()
    })
    const response = await fetch(`${served.url}/`)
    const active = [{ "http.request.method": "GET", "url.scheme": "http" }]
    const read = async (snapshots: Promise<Snapshots>) =>
      seriesOf(await snapshots, "http.server.active_requests", "value")
    expect(await read(served.recorder.getMetricSnapshots())).toEqual([{ ...active[0], value: 1 }])
    finish()
    await response.text()
    expect(await read(served.snapshots())).toEqual([{ ...active[0], value: 0 }])
  })

  it("reports a status from 500 as an error, and none below", async () => {
    await using served = await serve((request, response) => {
      response.writeHead(Number(request.url!.slice(1))).end()
    })
    for (const status of [404, 499, 500, 503]) expect(await served.ask(`/${status}`)).toBe(status)
    const series = seriesOf(await served.snapshots(), "http.server.request.duration")
    expect(series.map((each) => [each["http.response.status_code"], each["error.type"]])).toEqual([
      [404, undefined],
      [499, undefined],
      [500, "500"],
      [503, "503"]
    ])
  })

  it.each([
    ["before the response", (_: ServerResponse) => {}, undefined],
    ["within the response", (response: ServerResponse) => response.write("first"), 200]
  ])("reports a client that disconnects %s", async (_, answer, status) => {
    let come = (): void => {}
    const came = new Promise<void>((resolve) => (come = resolve))
    await using served = await serve((_, response) => {
      answer(response)
      come()
    })
    const client = send(`${served.url}/`).on("error", () => {})
    client.end()
    await came
    client.destroy()
    const [only, ...others] = seriesOf(await served.snapshots(), "http.server.request.duration")
    expect(others).toEqual([])
    expect([only!["http.response.status_code"], only!["error.type"], only!.count]).toEqual([status, "aborted", 1])
    expect(seriesOf(await served.snapshots(), "http.server.active_requests", "value")[0]!.value).toBe(0)
  })

  it("has the server address if configured", async () => {
    await using served = await serve(users, { serverAddress: true })
    await served.ask("/users/1")
    const port = Number(new URL(served.url).port)
    const snapshots = await served.snapshots()
    for (const name of ["http.server.request.duration", "http.server.active_requests"]) {
      expect(seriesOf(snapshots, name)[0]).toMatchObject({ "server.address": "127.0.0.1", "server.port": port })
    }
  })

  it.each<readonly [string, (response: ServerResponse) => unknown]>([
    ["setHeader", (response) => response.setHeader("Content-Length", 5).end("hello")],
    ["writeHead", (response) => response.writeHead(200, { "content-length": 5 }).end("hello")],
    ["a body of one piece", (response) => response.end("hello")]
  ])("has the size of a response by %s", async (_, answer) => {
    await using served = await serve((_, response) => void answer(response))
    await served.ask("/")
    expect(seriesOf(await served.snapshots(), "http.server.response.body.size", "sum")).toMatchObject([{ sum: 5 }])
  })

  it("has no size for a body of unknown size, and 0 for a body that is not sent", async () => {
    await using served = await serve((_, response) => {
      response.write("chunks")
      response.end()
    })
    await served.ask("/")
    await served.ask("/", { method: "HEAD" })
    const sizes = seriesOf(await served.snapshots(), "http.server.response.body.size", "sum")
    expect(sizes.map((each) => [each["http.request.method"], each.sum])).toEqual([["HEAD", 0]])
  })

  it("requests the route when the response is complete, and survives an error in that call", async () => {
    const routes = new Map([["/a", "/:letter"]])
    await using served = await serve((_, response) => void response.end(), {
      route: ({ url }) => {
        if (url === "/b") throw new Error("no")
        return routes.get(url!)
      }
    })
    for (const path of ["/a", "/b", "/c"]) await served.ask(path)
    const series = seriesOf(await served.snapshots(), "http.server.request.duration")
    expect(series.map((each) => [each["http.route"], each.count])).toEqual([
      ["/:letter", 1],
      [undefined, 2]
    ])
  })

  it("shares one recorder with all others of its id", async () => {
    await using runtime = await MetricsRuntime.start({ namespace: "test.shared", inProcess: true, logging: "silent" })
    await NodeHttp.middleware(runtime)
    await NodeHttp.fastifyHook(runtime)
    await NodeHttp.middleware(runtime, { recorderId: "mine" })
    expect(runtime.recorderIds).toEqual(["http", "mine"])
  })

  it.each([
    [{ recorderId: " " }, "recorderId"],
    [{ route: "/" }, "route"],
    [{ knownMethods: "GET" }, "knownMethods"],
    [{ serverAddress: 1 }, "serverAddress"],
    [{ rout: () => "/" }, "rout"]
  ])("rejects the options %j", async (options, argument) => {
    await using runtime = await MetricsRuntime.start({ namespace: "test.bad", inProcess: true, logging: "silent" })
    await expect(NodeHttp.middleware(runtime, options as never)).rejects.toMatchObject({
      _tag: "mvx-metrics/InvalidArgument",
      argument
    })
  })
})

describe("the Fastify hook", () => {
  it("takes the route template from the request", async () => {
    await using runtime = await MetricsRuntime.start({ namespace: "test.fastify", inProcess: true, logging: "silent" })
    const hook = await NodeHttp.fastifyHook(runtime)
    const server = createServer((raw, response) => {
      const url = raw.url === "/none" ? undefined : "/things/:id"
      hook({ raw, routeOptions: { url } }, { raw: response }, () => response.end())
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    for (const path of ["/things/1", "/none"]) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    const series = seriesOf(await runtime.getRecorder("http").getMetricSnapshots(), "http.server.request.duration")
    expect(series.map((each) => each["http.route"])).toEqual(["/things/:id", undefined])
  })
})
