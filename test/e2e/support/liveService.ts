/**
 * A server with the live page and a faster clock, and a browser that shows it.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeHttpServer } from "@effect/platform-node"
import { Clock, Effect, Layer, Schedule } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as LivePage from "mvx-metrics/LivePage"
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { all } from "../fixtures/http.metrics.ts"
import { fasterClock } from "./fasterClock.ts"
import { httpLoad } from "./httpLoad.ts"

export const executablePath = "/usr/bin/chromium"
export const hasBrowser = existsSync(executablePath)

/** A second of the server takes a twentieth of one. */
const clock = fasterClock(20)

/** The time of the server, in milliseconds since the Unix epoch. */
export const serverTime = (): number => clock.currentTimeMillisUnsafe()

/** A server with the live page of a runtime, until the scope is closed. */
export const livePageOf = (layer: Layer.Layer<MetricsRuntime, unknown>, on: Clock.Clock) =>
  Effect.gen(function* () {
    const Server = HttpRouter.serve(
      Layer.mergeAll(LivePage.layerHttp(), HttpRouter.add("GET", "/elsewhere", HttpServerResponse.text("elsewhere"))),
      { disableLogger: true, disableListenLog: true }
    ).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
      Layer.provideMerge(layer)
    )
    const context = yield* Layer.build(Server)
    const runtime = yield* Effect.provideContext(MetricsRuntime, context)
    const address = yield* Effect.provideContext(HttpServer.addressFormattedWith(Effect.succeed), context)
    return { url: `${address}/metrics/live`, runtime }
  }).pipe(Effect.provideService(Clock.Clock, on))

/** The page of a web server whose requests go on until the scope is closed. */
export const liveService = Effect.gen(function* () {
  const service = yield* livePageOf(
    MetricsLayer.layerWorker({
      namespace: "example.metrics",
      metrics: [
        new URL("../fixtures/http.metrics.ts", import.meta.url),
        new URL("../fixtures/hostile.metrics.ts", import.meta.url)
      ]
    }),
    clock
  )
  const recorder = yield* service.runtime.createRecorder("http_server")
  yield* Effect.forEach(all, (metric) => recorder.register(metric))
  const load = httpLoad(recorder)
  let second = 0
  yield* Effect.sync(() => load(second++)).pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)
  return service
}).pipe(Effect.provideService(Clock.Clock, clock))

export interface Watched {
  readonly page: Page
  /** What the browser had to complain about, violations of the policy included. */
  readonly complaints: ReadonlyArray<string>
  /** Where requests went to. */
  readonly origins: ReadonlySet<string>
}

export interface Browser {
  readonly context: BrowserContext
  readonly close: () => Promise<void>
}

/** A browser with a profile of its own, which goes with it. */
export const launch = async (options: BrowserContextOptions): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), "mvx-metrics-browser-"))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    timezoneId: "UTC",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ],
    ...options
  })
  const close = async (): Promise<void> => {
    await context.close()
    // Its processes write to their last moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  return { context, close }
}

/** Opens the page, and writes down what goes wrong. */
export const watch = async (context: BrowserContext, url: string): Promise<Watched> => {
  const complaints: Array<string> = []
  const origins = new Set<string>()
  const page = await context.newPage()
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) origins.add(new URL(request.url()).origin)
  })
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI}`)
    )
  })
  await page.goto(url)
  return { page, complaints, origins }
}

/** Waits until the page has drawn this many updates more. */
export const updates = async (page: Page, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const before = await page.locator("#at").innerText()
    await page.waitForFunction((at) => document.querySelector("#at")?.textContent !== at, before)
  }
}

/** Waits until the page has drawn the update of this moment. */
export const shown = async (page: Page, at: number): Promise<void> => {
  await page.waitForFunction(
    (time) => document.querySelector("#at")?.textContent === new Date(time).toLocaleTimeString("en-GB"),
    at
  )
}
