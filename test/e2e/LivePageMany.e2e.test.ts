/**
 * The live page of a runtime without recorders, and of one with more than a page can show.
 */
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { MetricsLayer, type RuntimeService } from "mvx-metrics"
import { Capped, Failing, type HostileEvent } from "./fixtures/hostile.metrics.ts"
import { all } from "./fixtures/http.metrics.ts"
import { violations } from "./support/axe.ts"
import { fasterClock } from "./support/fasterClock.ts"
import { type Browser, hasBrowser, launch, livePageOf, updates, type Watched, watch } from "./support/liveService.ts"

const idOf = (index: number): string => `connection ${String(index).padStart(3, "0")}`

describe.skipIf(!hasBrowser)("the live page of many recorders", () => {
  const scope = Scope.makeUnsafe()
  let runtime: RuntimeService
  let browser: Browser
  let watched: Watched

  beforeAll(async () => {
    const layer = MetricsLayer.layerInProcess({ namespace: "many", logging: "silent" })
    const service = await Effect.runPromise(Scope.provide(livePageOf(layer, fasterClock(4)), scope))
    runtime = service.runtime
    browser = await launch({ viewport: { width: 1360, height: 700 } })
    watched = await watch(browser.context, service.url)
  })

  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const toggles = () => watched.page.locator(".toggle")
  const focused = (): Promise<string> => watched.page.evaluate(() => document.activeElement?.textContent ?? "")
  const height = (): Promise<number> => watched.page.evaluate(() => document.documentElement.scrollHeight)

  it("shows that there is no recorder, and no metric", async () => {
    const { page } = watched
    await updates(page, 1)
    expect(await page.locator("#nothing").innerText()).toBe("There is no recorder yet.")
    expect(await page.locator("#detail, #recorders, #problems").filter({ visible: true }).count()).toBe(0)
    expect(await violations(page)).toEqual([])
  })

  it("has one line per recorder, expands the recorder of the selected metric, and shows at most 25 unless asked", async () => {
    const { page } = watched
    for (let index = 0; index < 101; index++) {
      const recorder = await Effect.runPromise(runtime.createRecorder(idOf(index)))
      await Effect.runPromise(Effect.forEach([...all, Failing, Capped], (metric) => recorder.register(metric)))
    }
    await page.getByText("Show 75 more recorders").waitFor()
    await updates(page, 1)
    expect(await toggles().count()).toBe(25)
    expect(await page.locator(".toggle[aria-expanded=true]").allInnerTexts()).toEqual([idOf(0)])
    expect(await page.locator("#nothing").innerText()).toMatch(/^1 more recorders are not sent/)
    expect(await height()).toBe(700)
    expect(await violations(page)).toEqual([])
  })

  it("has a bounded height on a phone", async () => {
    const { page } = watched
    await page.setViewportSize({ width: 390, height: 844 })
    await updates(page, 1)
    expect(await height()).toBeLessThan(4000)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect(await violations(page)).toEqual([])
    await page.setViewportSize({ width: 1360, height: 700 })
  })

  it("moves through recorders and metrics with the arrow keys, and expands and collapses them", async () => {
    const { page } = watched
    await page.locator(".metric").last().click()
    await page.keyboard.press("ArrowDown")
    expect(await focused()).toBe(idOf(1))
    await page.keyboard.press("ArrowRight")
    expect(await toggles().nth(1).getAttribute("aria-expanded")).toBe("true")
    await page.keyboard.press("ArrowDown")
    expect(await page.locator("[aria-current]").evaluate((made) => made.closest("section")!.textContent)).toContain(
      idOf(1)
    )
    await page.keyboard.press("ArrowLeft")
    expect(await focused()).toBe(idOf(1))
    await page.keyboard.press("ArrowLeft")
    expect(await toggles().nth(1).getAttribute("aria-expanded")).toBe("false")
    expect(await page.locator("#recorders [tabindex='0']").count()).toBe(1)
  })

  it("keeps the focus when a preceding recorder is removed", async () => {
    await toggles().nth(2).focus()
    await Effect.runPromise(runtime.stopAndRemoveRecorder(idOf(0)))
    await toggles()
      .first()
      .filter({ hasText: idOf(1) })
      .waitFor()
    expect(await focused()).toBe(idOf(2))
  })

  it("filters recorders and their metrics, and shows all matches", async () => {
    const { page } = watched
    await page.locator("#filter").fill(`${idOf(60)} cache`)
    await toggles()
      .first()
      .filter({ hasText: idOf(60) })
      .waitFor()
    expect(await toggles().allInnerTexts()).toEqual([idOf(60)])
    expect(await page.locator(".metric .name").allInnerTexts()).toEqual(["http.cache.hits"])
    await page.locator("#filter").press("Escape")
    await page.locator("#recorders > .more").click()
    expect(await toggles().count()).toBe(100)
    expect(await height()).toBe(700)
  })

  it("shows the most severe problems of many, all on request, and links to them", async () => {
    const { page } = watched
    for (let index = 20; index < 60; index++) {
      const recorder = await Effect.runPromise(runtime.getRecorder(idOf(index)))
      for (const label of ["a", "b", "c"]) {
        recorder.emitUnsafe<typeof HostileEvent.Type>({ _tag: "hostile", label, fails: index === 59 })
      }
    }
    const problems = page.locator("#problems li")
    await page.locator("#problems").getByText("Show 37 more problems").waitFor()
    expect(await problems.count()).toBe(4)
    expect(await problems.first().innerText()).toMatch(/^quarantined\s+hostile\.failing in connection 059/)
    expect(await problems.nth(1).innerText()).toMatch(
      /^overflow\s+hostile\.capped in connection 020\s+has more series than its limit: the label “label” has 2 values, such as a, b$/
    )
    expect(await page.locator("#problems [tabindex='0']").count()).toBe(1)
    await page.locator("#problems .more").click()
    expect(await problems.count()).toBe(41)
    expect(await violations(page)).toEqual([])
    expect(await height()).toBe(700)
    await problems.first().getByRole("button").click()
    expect(await page.locator("#detail .facts").innerText()).toContain(idOf(59))
    expect(await page.locator("#detail .error").innerText()).toContain("Quarantined")
  })

  it("caused no error", () => {
    expect(watched.complaints).toEqual([])
  })
})
