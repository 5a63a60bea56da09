/**
 * The live page in a browser.
 */
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { RuntimeService } from "mvx-metrics"
import type { Locator } from "playwright-core"
import { Capped, Failing, type HostileEvent, Script } from "./fixtures/hostile.metrics.ts"
import { all } from "./fixtures/http.metrics.ts"
import { violations } from "./support/axe.ts"
import {
  type Browser,
  executablePath,
  hasBrowser,
  launch,
  liveService,
  serverTime,
  updates as updatesOf,
  type Watched,
  watch
} from "./support/liveService.ts"

if (!hasBrowser) console.warn(`Skipped: there is no ${executablePath} (apt-get install chromium)`)

describe.skipIf(!hasBrowser)("the live page", () => {
  const scope = Scope.makeUnsafe()
  let url: string
  let runtime: RuntimeService
  let browser: Browser
  let watched: Watched
  let opened: number

  beforeAll(async () => {
    ;({ runtime, url } = await Effect.runPromise(Scope.provide(liveService, scope)))
    browser = await launch({ viewport: { width: 1360, height: 700 }, deviceScaleFactor: 1.5 })
    opened = serverTime()
    watched = await watch(browser.context, url)
  })

  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const names = (): Promise<Array<string>> => watched.page.locator(".metric .name").allInnerTexts()
  const line = (name: string): Locator => watched.page.locator("button.metric", { hasText: name })
  const filter = (): Locator => watched.page.locator("#filter")
  const updates = (count: number): Promise<void> => updatesOf(watched.page, count)
  const chart = (): Locator => watched.page.locator("#detail").getByRole("img")
  const legend = (label: string): Locator =>
    watched.page.getByRole("list", { name: "Lines of the chart" }).getByRole("button", { name: label })

  it("draws a new chart over the time that has values only", async () => {
    const { page } = watched
    await page.locator("#detail .plot:not([data-empty])").waitFor()
    const [label, now] = await page.evaluate(() => [
      document.querySelector("#detail .plot")!.getAttribute("aria-label")!,
      document.querySelector("#at")!.textContent!
    ])
    const [, from, to] = /from (\S+) to (\S+),/.exec(label!)!
    expect(to).toBe(now)
    const secondsOf = (time: string): number => Date.parse(`1970-01-01T${time}Z`) / 1000
    const sinceOpened = secondsOf(from!) - secondsOf(new Date(opened).toLocaleTimeString("en-GB"))
    expect((sinceOpened + 86_400) % 86_400).toBeLessThan(60)
  })

  it("shows every metric, and updates values while events flow", async () => {
    await updates(2)
    expect(await names()).toEqual(all.map(({ name }) => name))
    const value = line("http.server.requests").locator(".value")
    const before = await value.innerText()
    await updates(3)
    expect(await value.innerText()).not.toBe(before)
  })

  it("shows the accounting of events", async () => {
    const account = await watched.page.locator(".account").innerText()
    expect(account).toMatch(/accepted\s+[1-9][\d,]*\s+\d+\/s/)
    expect(account).toMatch(/refused\s+0/)
    expect(account).toMatch(/of 10,000/)
  })

  it("shows the series of the selected metric and its chart", async () => {
    await line("http.server.request.duration").click()
    const detail = watched.page.locator("#detail")
    expect(await detail.getByRole("columnheader").allInnerTexts()).toContain("p90")
    expect(await detail.locator(".table tbody tr").count()).toBe(5)
    expect(await detail.locator(".legend li").allInnerTexts()).toHaveLength(3)
    const drawn = await detail.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height)
      return data.some((byte) => byte !== 0)
    })
    expect(drawn).toBe(true)
    await detail.getByRole("button", { name: "per second" }).click()
    expect(await detail.locator(".legend li").first().innerText()).toMatch(/\/s$/)
    await detail.getByRole("button", { name: "quantiles" }).click()
  })

  it("filters by words in names, descriptions and labels", async () => {
    await filter().fill("cache")
    expect(await names()).toEqual(["http.cache.hits"])
    await filter().fill("route=/export")
    expect(await names()).toEqual(["http.server.request.duration"])
    await filter().fill("nothing like it")
    expect(await names()).toEqual([])
    expect(await watched.page.locator("#nothing").innerText()).toBe("No metric passes the filter.")
    await filter().press("Escape")
    expect(await names()).toHaveLength(all.length)
  })

  it("can be operated by keyboard", async () => {
    const { page } = watched
    const chosen = (): Promise<string> => page.locator("[aria-current] .name").innerText()
    await line("http.server.requests").click()
    await page.keyboard.press("ArrowDown")
    expect(await chosen()).toBe("http.server.request.duration")
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-current"))).toBe("true")
    await page.keyboard.press("/")
    await page.keyboard.type("users")
    expect(await names()).toEqual(["http.users"])
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    expect(await page.locator("#status").innerText()).toBe("Paused")
    await page.keyboard.press("p")
    expect(await page.locator("#status").innerText()).toBe("Live")
    await page.locator(".table").focus()
    await page.keyboard.press("ArrowDown")
    expect(await page.locator("tr[aria-selected]").count()).toBe(1)
    await page.keyboard.press("Escape")
    expect(await page.locator("tr[aria-selected]").count()).toBe(0)
  })

  it("reaches the chart in a few Tab presses, whatever the number of metrics and series", async () => {
    const { page } = watched
    await line("http.server.requests").click()
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.locator("h1").click()
    const stops: Array<string> = []
    const isAt = (selector: string): Promise<boolean> =>
      page.evaluate((at) => document.activeElement?.closest(at) !== null, selector)
    for (let i = 0; i < 14 && !(await isAt(".table")); i++) {
      await page.keyboard.press("Tab")
      stops.push(
        await page.evaluate(
          () => document.activeElement!.closest("[id], [class]")!.id || document.activeElement!.className
        )
      )
    }
    // The filter, pause, the list, what the chart shows, range, comparison, scale, table, PromQL, its lines, the series.
    expect(stops).toHaveLength(11)
    for (const [key, name] of [
      ["ArrowRight", "total"],
      ["Home", "per second"]
    ] as const) {
      await page.locator(".charts button[tabindex='0']").focus()
      await page.keyboard.press(key)
      expect(await page.evaluate(() => document.activeElement!.textContent)).toBe(name)
    }
  })

  it("skips to the selected metric, and keeps its address", async () => {
    const { page } = watched
    const address = page.url()
    await page.evaluate(() => document.getElementById("skip")!.focus())
    await page.keyboard.press("Enter")
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("detail")
    expect(page.url()).toBe(address)
  })

  it("labels the chart with metric, chart and range, and describes it with the values of its lines", async () => {
    await line("http.server.request.duration").click()
    expect(await chart().getAttribute("aria-label")).toMatch(
      /^Line chart of http\.server\.request\.duration, quantiles, over 5 s, from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d, 3 lines$/
    )
    const described = await chart().getAttribute("aria-describedby")
    expect(await watched.page.locator(`#${described}`).innerText()).toMatch(/p50\s+[\d.]+ ms\s+p90\s+[\d.]+ ms\s+p99/)
  })

  it("copies the query that the dashboard has for a metric", async () => {
    const { page } = watched
    await watched.page.context().grantPermissions(["clipboard-read", "clipboard-write"])
    await line("http.server.request.duration").click()
    await page.getByRole("button", { name: "PromQL" }).click()
    await page.getByRole("button", { name: "Copy the query of http.server.request.duration, p99" }).click()
    await page.locator("#promql", { hasText: "Copied: http.server.request.duration, p99" }).waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toMatch(
      /histogram_quantile\(0\.99, sum by .*_bucket\{namespace="example\.metrics",recorder="http_server"\}\[5m\]/
    )
    expect(await violations(page)).toEqual([])
    await line("http.server.requests").click()
    expect(await page.locator("#promql").isVisible()).toBe(false)
  })

  it("draws series on their own scale, and their total on request", async () => {
    await line("http.server.requests").click()
    await updates(2)
    const drawn = async (): Promise<number> =>
      Number(/(\d+) lines?$/.exec((await chart().getAttribute("aria-label"))!)![1])
    const series = await legend("method=").count()
    expect(series).toBeGreaterThan(1)
    expect(await drawn()).toBe(series)
    expect(await legend("all").getAttribute("aria-pressed")).toBe("false")
    await legend("all").click()
    expect(await drawn()).toBe(series + 1)
    await legend("method=GET status=200").click()
    expect(await drawn()).toBe(series)
    await legend("method=GET status=200").click()
    await legend("all").click()
    expect(await drawn()).toBe(series)
  })

  it("traces a series that is selected in the table, however small it is", async () => {
    const { page } = watched
    await line("http.server.requests").click()
    const rows = page.locator("#detail .table tbody tr")
    await rows.last().click()
    await updates(3)
    expect(await chart().getAttribute("data-empty")).toBe(null)
    expect(await page.locator(".legend li").count()).toBe(1)
    await rows.last().click()
  })

  it("fits a phone screen, in dark mode", async () => {
    const { page } = watched
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme: "dark" })
    await updates(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(background).toBe("rgb(17, 19, 21)")
    // What is chosen opens below its line.
    expect(await page.locator("li:has([aria-current]) #detail").count()).toBe(1)
    expect(await violations(page)).toEqual([])
    await page.setViewportSize({ width: 1360, height: 700 })
    await page.emulateMedia({ colorScheme: "light" })
  })

  it("renders names, labels and errors as text, and shows problems", async () => {
    const { page } = watched
    const recorder = await Effect.runPromise(runtime.createRecorder("<i>hostile</i>", { capacity: 10 }))
    await Effect.runPromise(Effect.forEach([Script, Failing, Capped], (metric) => recorder.register(metric)))
    const emit = (label: string, fails: boolean): boolean =>
      recorder.emitUnsafe<typeof HostileEvent.Type>({ _tag: "hostile", label, fails })
    for (const label of ["<img src=x onerror=alert(1)>", "b", "c"]) emit(label, false)
    emit("d", true)
    recorder.emitUnsafe("no event" as never)
    await line("hostile.failing").waitFor()
    expect(await names()).toContain("<script>alert('name')</script>")
    expect(await page.locator("h2", { hasText: "<i>hostile</i>" }).count()).toBe(1)

    await line("<script>").click()
    expect(await page.locator("#detail h2").innerText()).toBe("<script>alert('name')</script>")
    expect(await page.locator("#detail .table tbody").innerText()).toContain("<img src=x onerror=alert(1)>")

    const problems = page.locator("#problems")
    expect(await problems.innerText()).toContain("refused 1 event: 1 invalid")
    expect(await problems.innerText()).toMatch(/hostile\.capped in <i>hostile<\/i>\s+has more series than its limit/)
    await problems.getByRole("button", { name: "hostile.failing" }).click()
    expect(await page.locator("#detail .error").innerText()).toContain("<svg onload=alert('error')>")
    await line("hostile.capped").click()
    expect(await page.locator("#detail .error").innerText()).toContain("the label “label” has 2 values")
    expect(await page.locator("img, script:not([src]), #recorders i, #detail b b").count()).toBe(0)
  })

  it("passes axe, in light and dark mode", async () => {
    const { page } = watched
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme })
      for (const name of ["http.server.requests", "hostile.failing", "hostile.capped"]) {
        await line(name).click()
        await page.locator("#detail .table tbody tr").first().click()
        expect(await violations(page)).toEqual([])
      }
    }
    await page.emulateMedia({ colorScheme: "light" })
  })

  it("shows the last state of the selection when its recorder is removed", async () => {
    const { page } = watched
    await line("hostile.capped").click()
    await Effect.runPromise(runtime.stopAndRemoveRecorder("<i>hostile</i>"))
    await page.locator("#detail .error", { hasText: "No longer there" }).waitFor()
    expect(await page.locator("#detail h2").innerText()).toBe("hostile.capped")
    expect(await page.locator("#detail .table tbody tr").count()).toBe(4)
    expect(await violations(page)).toEqual([])
    await line("http.server.requests").click()
    expect(await page.locator("#detail .error").isVisible()).toBe(false)
  })

  it("caused no error or policy violation, and contacted no other origin", () => {
    expect(watched.complaints).toEqual([])
    expect([...watched.origins]).toEqual([new URL(url).origin])
  })
})
