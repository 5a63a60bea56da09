/**
 * The live page in a browser.
 */
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { RuntimeService } from "mvx-metrics"
import type { Locator } from "playwright-core"
import { Capped, Failing, type HostileEvent, Script } from "./fixtures/hostile.metrics.ts"
import { all } from "./fixtures/http.metrics.ts"
import {
  type Browser,
  executablePath,
  hasBrowser,
  launch,
  liveService,
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

  beforeAll(async () => {
    ;({ runtime, url } = await Effect.runPromise(Scope.provide(liveService, scope)))
    browser = await launch({ viewport: { width: 1360, height: 700 }, deviceScaleFactor: 1.5 })
    watched = await watch(browser.context, url)
  })

  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const names = (): Promise<Array<string>> => watched.page.locator(".metric .name").allInnerTexts()
  const line = (name: string): Locator => watched.page.locator("button.metric", { hasText: name })
  const filter = (): Locator => watched.page.locator("#filter")
  /** Waits until the page has drawn this many updates more. */
  const updates = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const before = await watched.page.locator("#at").innerText()
      await watched.page.waitForFunction((at) => document.querySelector("#at")?.textContent !== at, before)
    }
  }

  it("shows every metric, and values that change while events flow", async () => {
    await updates(2)
    expect(await names()).toEqual(all.map(({ name }) => name))
    const value = line("http.server.requests").locator(".value")
    const before = await value.innerText()
    await updates(3)
    expect(await value.innerText()).not.toBe(before)
  })

  it("shows the account of events", async () => {
    const account = await watched.page.locator(".account").innerText()
    expect(account).toMatch(/accepted\s+[1-9][\d,]*\s+\d+\/s/)
    expect(account).toMatch(/refused\s+0/)
    expect(account).toMatch(/of 10,000/)
  })

  it("shows the series of the metric that is chosen, and its chart", async () => {
    await line("http.server.request.duration").click()
    const detail = watched.page.locator("#detail")
    expect(await detail.getByRole("columnheader").allInnerTexts()).toContain("p90")
    expect(await detail.locator("tbody tr").count()).toBe(5)
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

  it("goes by keyboard", async () => {
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

  it("fits a phone, in the dark", async () => {
    const { page } = watched
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme: "dark" })
    await updates(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(background).toBe("rgb(17, 19, 21)")
    // What is chosen opens below its line.
    expect(await page.locator("li:has([aria-current]) #detail").count()).toBe(1)
    await page.setViewportSize({ width: 1360, height: 700 })
    await page.emulateMedia({ colorScheme: "light" })
  })

  it("takes names, labels and errors for text, and shows what is wrong", async () => {
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
    expect(await page.locator("#detail tbody").innerText()).toContain("<img src=x onerror=alert(1)>")

    const problems = page.locator("#problems")
    expect(await problems.innerText()).toContain("refused 1 events: 1 invalid")
    await problems.getByRole("button", { name: "hostile.failing" }).click()
    expect(await page.locator("#detail .error").innerText()).toContain("<svg onload=alert('error')>")
    await line("hostile.capped").click()
    expect(await page.locator("#detail .error").innerText()).toContain("the label “label” has 2 values")
    expect(await page.locator("img, script:not([src]), #recorders i, #detail b b").count()).toBe(0)
  })

  it("had nothing to complain of, violations of the policy included, and asked no one else", () => {
    expect(watched.complaints).toEqual([])
    expect([...watched.origins]).toEqual([new URL(url).origin])
  })
})
