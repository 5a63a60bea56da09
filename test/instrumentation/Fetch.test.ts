// Handlers of `fetch` are measured by their responses, and `fetch` requests by undici's diagnostics.

import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { setImmediate as nextTurn } from "node:timers/promises"
import * as Fetch from "mvx-metrics/Fetch"
import { MetricsRuntime } from "mvx-metrics/promise"
import { describe, expect, it } from "vitest"
import { seriesOf } from "./support.ts"

const start = (inProcess = true) => MetricsRuntime.start({ namespace: "test.fetch", inProcess, logging: "silent" })

const read = (runtime: MetricsRuntime) => runtime.getRecorder("http").getMetricSnapshots()

describe("a fetch handler", () => {
  it.each([true, false])("is measured by its route templates, with inProcess: %s", async (inProcess) => {
    await using runtime = await start(inProcess)
    const handler = await Fetch.handler(
      runtime,
      async (request: Request, { found }: { readonly found: boolean }) =>
        found
          ? new Response("hello", { headers: { "content-length": "5" } })
          : new Response(null, { status: request.method === "POST" ? 503 : 404 }),
      { route: (_, { found }) => (found ? "/users/:id" : undefined) }
    )
    const one = await handler(new Request("https://localhost/users/1"), { found: true })
    expect(await one.text()).toBe("hello")
    await handler(new Request("https://localhost/users/2"), { found: true })
    await handler(new Request("http://localhost/x"), { found: false })
    await handler(
      new Request("http://localhost/x", { method: "POST", body: "12345678", headers: { "content-length": "8" } }),
      { found: false }
    )
    const snapshots = await read(runtime)
    const [found, missing, failed] = [
      {
        "http.request.method": "GET",
        "url.scheme": "https",
        "http.route": "/users/:id",
        "http.response.status_code": 200
      },
      { "http.request.method": "GET", "url.scheme": "http", "http.response.status_code": 404 },
      {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.response.status_code": 503,
        "error.type": "503"
      }
    ]
    expect(seriesOf(snapshots, "http.server.request.duration")).toEqual([
      { ...found, count: 2 },
      { ...missing, count: 1 },
      { ...failed, count: 1 }
    ])
    expect(seriesOf(snapshots, "http.server.request.body.size", "sum")).toEqual([
      { ...found, sum: 0 },
      { ...missing, sum: 0 },
      { ...failed, sum: 8 }
    ])
    expect(seriesOf(snapshots, "http.server.response.body.size", "sum")).toEqual([
      { ...found, sum: 10 },
      { ...missing, sum: 0 },
      { ...failed, sum: 0 }
    ])
  })

  it("counts a request as active until there is a response", async () => {
    await using runtime = await start()
    let respond = (_: Response): void => {}
    const handler = await Fetch.handler(runtime, () => new Promise<Response>((resolve) => (respond = resolve)))
    const answered = handler(new Request("http://localhost/"))
    const active = async () => seriesOf(await read(runtime), "http.server.active_requests", "value")[0]!.value
    expect(await active()).toBe(1)
    respond(new Response(null))
    await answered
    expect(await active()).toBe(0)
  })

  it("rethrows an error, which counts as status 500", async () => {
    await using runtime = await start()
    const failure = new Error("no")
    const handler = await Fetch.handler(runtime, () => {
      throw failure
    })
    await expect(handler(new Request("http://localhost/"))).rejects.toBe(failure)
    const [only] = seriesOf(await read(runtime), "http.server.request.duration")
    expect(only).toMatchObject({ "http.response.status_code": 500, "error.type": "500", count: 1 })
  })

  it("has no status if the client disconnected before there was a response", async () => {
    await using runtime = await start()
    const gone = new AbortController()
    const handler = await Fetch.handler(runtime, ({ signal }: Request) => Promise.reject(signal.reason))
    gone.abort()
    await expect(handler(new Request("http://localhost/", { signal: gone.signal }))).rejects.toThrow()
    const [only] = seriesOf(await read(runtime), "http.server.request.duration")
    expect(only).toEqual({ "http.request.method": "GET", "url.scheme": "http", "error.type": "aborted", count: 1 })
  })

  it("has the server address if configured", async () => {
    await using runtime = await start()
    const handler = await Fetch.handler(runtime, () => new Response(null), { serverAddress: true })
    for (const url of ["https://Example.com/a?b=http://c", "http://[::1]:8080"]) await handler(new Request(url))
    await handler(new Request("http://localhost:3000/", { headers: { host: "example.com:81" } }))
    const series = seriesOf(await read(runtime), "http.server.request.duration")
    expect(series.map((each) => [each["server.address"], each["server.port"]])).toEqual([
      ["example.com", 443],
      ["::1", 8080],
      ["example.com", 81]
    ])
  })

  it("can be measured by a middleware, which gets the route from each request", async () => {
    await using runtime = await start()
    const measure = await Fetch.middleware(runtime)
    const c: { res: Response } = { res: new Response(null, { status: 404 }) }
    const next = async (): Promise<void> => {
      c.res = new Response(null, { status: 204 })
    }
    const response = await measure(
      new Request("http://localhost/a"),
      async () => {
        await next()
        return c.res
      },
      () => "/:letter"
    )
    expect(response.status).toBe(204)
    const [only] = seriesOf(await read(runtime), "http.server.request.duration")
    expect(only).toMatchObject({ "http.route": "/:letter", "http.response.status_code": 204 })
  })

  it("rejects invalid options", async () => {
    await using runtime = await start()
    const refusal = { _tag: "mvx-metrics/InvalidArgument", argument: "route" }
    await expect(Fetch.handler(runtime, () => new Response(), { route: 1 as never })).rejects.toMatchObject(refusal)
    await expect(Fetch.middleware(runtime, { route: 1 } as never)).rejects.toMatchObject(refusal)
    await expect(Fetch.start(runtime, { route: 1 } as never)).rejects.toMatchObject(refusal)
  })
})

const listen = async (listener: RequestListener) => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

describe("fetch requests", () => {
  it.each([true, false])("are measured until measuring is stopped, with inProcess: %s", async (inProcess) => {
    await using server = await listen((request, response) => {
      const status = Number(request.url!.slice(1))
      response.writeHead(status, { "content-length": 5, ...(status === 302 && { location: "/200" }) }).end("hello")
    })
    await using runtime = await start(inProcess)
    const measuring = await Fetch.start(runtime)
    for (const path of ["/200", "/404", "/302"]) await (await fetch(server.url + path)).text()
    await (await fetch(`${server.url}/200`, { method: "PUT", body: "12345678" })).text()
    await measuring.stop()
    await (await fetch(`${server.url}/200`)).text()
    expect(runtime.recorderIds).toEqual([])
  })

  it("have address, status and sizes", async () => {
    await using server = await listen((request, response) => {
      const status = Number(request.url!.slice(1))
      response.writeHead(status, { "content-length": 5, ...(status === 302 && { location: "/200" }) }).end("hello")
    })
    await using runtime = await start()
    await using _ = await Fetch.start(runtime)
    for (const path of ["/200", "/404", "/302"]) await (await fetch(server.url + path)).text()
    await (await fetch(`${server.url}/200`, { method: "PUT", body: "12345678" })).text()
    const snapshots = await read(runtime)
    const place = { "server.address": "127.0.0.1", "server.port": server.port }
    const get = { "http.request.method": "GET", ...place }
    const put = { "http.request.method": "PUT", ...place, "http.response.status_code": 200 }
    expect(seriesOf(snapshots, "http.client.request.duration")).toEqual([
      { ...get, "http.response.status_code": 200, count: 2 },
      { ...get, "http.response.status_code": 404, "error.type": "404", count: 1 },
      { ...get, "http.response.status_code": 302, count: 1 },
      { ...put, count: 1 }
    ])
    expect(seriesOf(snapshots, "http.client.request.body.size", "sum")).toContainEqual({ ...put, sum: 8 })
    expect(seriesOf(snapshots, "http.client.response.body.size", "sum")).toContainEqual({ ...put, sum: 5 })
    expect(seriesOf(snapshots, "http.client.active_requests", "value").map(({ value }) => value)).toEqual([0, 0])
  })

  it("have the name of the error if no response came", async () => {
    await using server = await listen(() => {})
    await using runtime = await start()
    await using _ = await Fetch.start(runtime)
    const gone = new AbortController()
    const hanging = fetch(`${server.url}/`, { signal: gone.signal })
    const active = async () => seriesOf(await read(runtime), "http.client.active_requests", "value")[0]
    while ((await active())?.value !== 1) await nextTurn()
    gone.abort()
    await expect(hanging).rejects.toThrow()
    const closed = await listen(() => {})
    await closed[Symbol.asyncDispose]()
    await expect(fetch(closed.url)).rejects.toThrow()
    const series = seriesOf(await read(runtime), "http.client.request.duration")
    expect(series.map((each) => [each["server.port"], each["error.type"], each["http.response.status_code"]])).toEqual([
      [server.port, "AbortError", undefined],
      [closed.port, "ECONNREFUSED", undefined]
    ])
    expect(await active()).toMatchObject({ value: 0 })
  })
})
