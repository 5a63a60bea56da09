// The handlers for `node:http`, of a scrape and of the live page: they respond to any server's request, and no failure
// of a response ends the process.
import { once } from "node:events"
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http"
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2"
import { type AddressInfo, connect } from "node:net"
import { text } from "node:stream/consumers"
import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "@effect/vitest"
import { MetricsRuntime } from "mvx-metrics/promise"
import { nodeHandler } from "../../src/internal/exporters/httpHandlers.ts"

type Handle = (request: IncomingMessage, response: ServerResponse) => void

let runtime: MetricsRuntime
let pages: { readonly [path: string]: { readonly handle: Handle; readonly shows: string } }

beforeAll(async () => {
  runtime = await MetricsRuntime.start({ namespace: "test.http", inProcess: true, logging: "silent" })
  await runtime.createRecorder("http")
  pages = {
    "/metrics": { handle: runtime.prometheus().nodeHandler, shows: "# HELP" },
    "/metrics/live": { handle: (await runtime.livePage()).nodeHandler, shows: "<!doctype html>" }
  }
})
afterAll(() => runtime.shutdown())

/** A scrape that is asked for now is answered after those that were asked for before. */
const scraped = (headers: Record<string, string> = {}) =>
  runtime.prometheus().handler(new Request("http://localhost/metrics", { headers }))

const listening = async (server: Server | ReturnType<typeof createHttp2Server>): Promise<number> => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const ask = async (port: number, path: string, method = "GET") => {
  const asked = request({ port, path, method, agent: false, host: "127.0.0.1" }).end()
  const [response] = (await once(asked, "response")) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** What a server answers to the first line of a request, as it is written. */
const statusOf = async (port: number, line: string): Promise<number> => {
  // Not ended: a server takes a client that has closed its half for one that has gone.
  const socket = connect(port, "127.0.0.1", () =>
    socket.write(`${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  )
  return Number(/^HTTP\/1.1 (\d+)/.exec(await text(socket))?.[1])
}

describe.each(["/metrics", "/metrics/live"])("%s", (path) => {
  const page = () => pages[path]!
  const served = (wrap: (handle: Handle) => Handle = (handle) => handle) => listening(createServer(wrap(page().handle)))

  it("is served over HTTP/1.1, and for HEAD without a body", async () => {
    const port = await served()
    const whole = await ask(port, path)
    expect(whole.status).toBe(200)
    expect(whole.body).toContain(page().shows)
    const head = await ask(port, path, "HEAD")
    expect(head).toMatchObject({ status: 200, body: "", headers: { "content-type": whole.headers["content-type"] } })
  })

  it("is served over HTTP/2", async () => {
    const port = await listening(createHttp2Server(page().handle as never))
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    for (const method of ["GET", "HEAD"]) {
      const stream = client.request({ ":path": path, ":method": method, accept: "*/*", cookie: ["a=1", "b=2"] })
      const [headers] = await once(stream, "response")
      expect(headers[":status"]).toBe(200)
      const body = await text(stream)
      if (method === "GET") expect(body).toContain(page().shows)
      else expect(body).toBe("")
    }
    await new Promise<void>((resolve) => client.close(resolve))
  })

  it("is read-only, for every method", async () => {
    const port = await served()
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE", "TRACE"]) {
      expect((await ask(port, path, method)).status, method).toBe(405)
    }
  })

  it("uses the original path if a framework strips a prefix", async () => {
    const port = await served((handle) => (request, response) => {
      Object.assign(request, { originalUrl: request.url, url: "/" })
      handle(request, response)
    })
    expect((await ask(port, path)).body).toContain(page().shows)
  })

  it("accepts any form of request target", async () => {
    const port = await served()
    const targets = ["//", "///x", "*", `http://u:p@other:1${path}`, "/%", "/%ff", "//[", "/a:99999999", "/?a=%"]
    for (const target of targets) {
      expect([200, 404], target).toContain(await statusOf(port, `GET ${target}`))
    }
  })

  it.each<[when: string, wrap: (handle: Handle) => Handle]>([
    [
      "before",
      (handle) => (request, response) => {
        response.writeHead(503).end("timed out")
        handle(request, response)
      }
    ],
    [
      "before, in part",
      (handle) => (request, response) => {
        response.writeHead(503)
        handle(request, response)
        response.end("timed out")
      }
    ],
    [
      "meanwhile",
      (handle) => (request, response) => {
        handle(request, response)
        response.writeHead(503).end("timed out")
      }
    ]
  ])("leaves a response unchanged that another handler has answered %s", async (_when, wrap) => {
    const port = await served(wrap)
    for (let i = 0; i < 2; i++) expect(await ask(port, path)).toMatchObject({ status: 503, body: "timed out" })
    // By now the page that was read for it has come as well.
    await scraped()
  })

  it("leaves a response unchanged if its client has disconnected", async () => {
    const port = await served((handle) => (request, response) => {
      handle(request, response)
      request.socket.destroy()
    })
    await expect(ask(port, path)).rejects.toThrow()
    await scraped()
  })
})

it("is not compressed on Next.js, which drops the content-encoding header and compresses responses itself", async () => {
  const headers = { "accept-encoding": "gzip" }
  // The request of a route of Next.js.
  const request = Object.assign(new Request("http://localhost/metrics", { headers }), { nextUrl: {} })
  const { body, headers: answered } = await runtime.prometheus().handler(request)
  expect(answered.get("content-encoding")).toBe(null)
  expect(await text(body!)).toContain("# HELP")
})

it.each([
  ["/metrics", () => runtime.prometheus()],
  ["/metrics/live", () => runtime.livePage()]
] as const)(
  "%s does not read the signal of a request on Deno, where reading it logs a warning",
  async (path, handlers) => {
    vi.stubGlobal("Deno", {})
    onTestFinished(() => void vi.unstubAllGlobals())
    const { handler } = await handlers()
    const request = new Request(`http://localhost${path}`)
    const read = vi.spyOn(request, "signal", "get")
    expect((await handler(request)).status).toBe(200)
    expect(read).not.toHaveBeenCalled()
  }
)

it("is compressed for a client that accepts it", async () => {
  const plain = await scraped()
  const compressed = await scraped({ "accept-encoding": "gzip, deflate" })
  expect([plain.headers.get("content-encoding"), compressed.headers.get("content-encoding")]).toEqual([null, "gzip"])
  const bytes = Buffer.from(await compressed.arrayBuffer())
  expect(Number(compressed.headers.get("content-length"))).toBe(bytes.length)
  const familiesIn = (text: string) => text.split("\n").filter((line) => line.startsWith("# TYPE"))
  expect(familiesIn(gunzipSync(bytes).toString())).toEqual(familiesIn(await plain.text()))
})

it("serves any number of concurrent scrapes", async () => {
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await scraped()).status))
  expect(new Set(statuses)).toEqual(new Set([200]))
})

describe("a failed response", () => {
  it("has status 500 and a one-line reason", async () => {
    const port = await listening(
      createServer(
        nodeHandler(() => Promise.reject(Object.defineProperty(new Error(), "message", { value: "no\nmetrics" })))
      )
    )
    expect(await ask(port, "/")).toMatchObject({ status: 500, body: "Error: no metrics\n" })
  })

  it("is cut off if a part of it was sent", async () => {
    const failing = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(10))
        controller.error(new Error("no more"))
      }
    })
    const port = await listening(createServer(nodeHandler(async () => new Response(failing))))
    await expect(ask(port, "/")).rejects.toThrow()
  })

  it("releases its source if nobody reads it", async () => {
    let handle: Handle = () => {}
    const cancelled = new Promise<void>((resolve) => {
      handle = nodeHandler(async () => new Response(new ReadableStream({ cancel: () => resolve() })))
    })
    const port = await listening(
      createServer((request, response) => {
        handle(request, response)
        response.end("taken")
      })
    )
    expect((await ask(port, "/")).body).toBe("taken")
    await cancelled
  })
})
