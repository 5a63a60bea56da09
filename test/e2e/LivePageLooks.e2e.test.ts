/**
 * The appearance of the live page with generated updates, in every viewing mode. Each test leaves a picture in the
 * folder named by PICTURES, if it is set.
 */
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import type { Locator } from "playwright-core"
import { violations } from "./support/axe.ts"
import { type Browser, hasBrowser, launch, shown, type Watched, watch } from "./support/liveService.ts"
import { madeUp } from "./support/madeUp.ts"
import { type StubPage, stubPage } from "./support/stubPage.ts"

const folder = process.env.PICTURES
/** As many updates as the page remembers one by one, and some that it has only means of. */
const Seconds = 300
const Long = 1500

describe.skipIf(!hasBrowser)("the appearance of the live page", () => {
  let stub: StubPage
  let browser: Browser
  let watched: Watched

  beforeAll(async () => {
    stub = await stubPage()
    browser = await launch({ viewport: { width: 1360, height: 860 } })
    watched = await watch(browser.context, stub.url)
  })

  afterAll(async () => {
    await browser?.close()
    await stub?.close()
  })

  const picture = async (name: string): Promise<void> => {
    await watched.page.mouse.move(0, 0)
    if (folder !== undefined) await watched.page.screenshot({ path: join(folder, `${name}.png`) })
  }
  const line = (name: string): Locator => watched.page.locator("button.metric", { hasText: name })
  const tool = (name: string): Locator => watched.page.getByRole("combobox", { name, exact: true })
  const chartLabel = (): Promise<string | null> => watched.page.locator("#detail .plot").getAttribute("aria-label")
  const legend = (): Promise<Array<string>> => watched.page.locator(".legend button").allInnerTexts()

  it("shows that no update has arrived yet", async () => {
    await watched.page.locator("#status", { hasText: "Live" }).waitFor()
    expect(await watched.page.locator("#nothing").innerText()).toBe("Waiting for the first update.")
    expect(await violations(watched.page)).toEqual([])
    await picture("empty")
  })

  it("processes minutes of updates at once, and shows the last one", async () => {
    for (let second = 1; second <= Seconds; second++) stub.send(madeUp(second))
    await shown(watched.page, madeUp(Seconds).at)
    await picture("light")
  })

  it("shows problems, the most severe first", async () => {
    const { page } = watched
    await page.locator("#problems .more").click()
    expect(await page.locator("#problems .badge").allInnerTexts()).toEqual([
      "quarantined",
      "not exported",
      "restarted",
      "nearly full",
      "nearly full",
      "refused",
      "evicted"
    ])
    const text = (await page.locator("#problems").innerText()).replaceAll(/\s+/g, " ")
    expect(text).toContain("Needs attention 7")
    expect(text).toContain("Push to http://gateway:9091 failed last: ECONNREFUSED: connect")
    expect(text).toContain("The worker ended and was replaced once")
    expect(text).toContain("The memory has 61 MB of events in it; its limit is 64 MB")
    expect(await page.locator("#exports").innerText()).toMatch(
      /^exported\s+OTLP to http:\/\/collector:4318 40 delivered/
    )
    await page.locator("#problems .more").click()
  })

  it("draws the accounting of events as a flow, with a ribbon for each count", async () => {
    const { page } = watched
    const account = page.locator(".account").first()
    expect((await account.innerText()).replaceAll(/\s+/g, " ")).toBe(
      "offered 39,000 accepted 38,396 128/s refused 604 applied 27,096 ignored 2,700 pending 8,300 of 10,000 evicted 300 overflow 600 invalid 4"
    )
    const ribbons = account.locator("path")
    expect(await ribbons.evaluateAll((all) => all.map((each) => each.getAttribute("data-to")))).toEqual([
      "accepted",
      "refused",
      "applied",
      "ignored",
      "pending",
      "evicted",
      "overflow",
      "invalid"
    ])
  })

  it("shows that a recorder has no metric", async () => {
    const newsletter = watched.page.locator(".recorder", { hasText: "newsletter" })
    expect(await newsletter.locator(".note").innerText()).toBe("No metric is registered.")
    expect(await watched.page.locator(".recorder .note").filter({ visible: true }).count()).toBe(1)
  })

  it("compares two ranges, overlaid and by their means", async () => {
    const { page } = watched
    await line("shop.orders").click()
    await tool("Range").selectOption("1 min")
    await tool("Compare with").selectOption("1 min earlier")
    expect(await chartLabel()).toMatch(/, compared with 1 min earlier, from 12:04:00 to 12:05:00, 6 lines$/)
    const [first] = await legend()
    expect(first).toMatch(/^shop=Berlin paid=card\s+1\d\d\/s, was 108\/s \+\d\d %$/)
    expect(await violations(page)).toEqual([])
    await picture("compared")
    await tool("Compare with").selectOption("nothing")
    await tool("Range").selectOption("5 min")
  })

  it("draws each line on its own scale on request", async () => {
    await tool("Scale").selectOption("of each line")
    await picture("own-scale")
    // What a line stands at is still told.
    expect((await legend())[0]).toMatch(/\/s$/)
    await tool("Scale").selectOption("that fits")
    await line("shop.stock").click()
    await picture("gauge")
    await line("shop.orders").click()
  })

  it("shows the data of the chart as a table", async () => {
    const { page } = watched
    await page.getByRole("button", { name: "Table" }).click()
    const data = page.getByRole("region", { name: "Data of the chart" })
    expect(await data.getByRole("columnheader").allInnerTexts()).toEqual([
      "time",
      "shop=Berlin paid=card",
      "shop=Berlin paid=cash",
      "shop=Oslo paid=card"
    ])
    const rows = data.locator("tbody tr")
    expect(await rows.count()).toBe(60)
    expect((await rows.first().innerText()).split(/\s+/)[0]).toBe("12:05:00")
    expect(await page.locator("#detail .plot").isVisible()).toBe(false)
    expect(await violations(page)).toEqual([])
    await picture("table")
    await page.getByRole("button", { name: "Table" }).click()
  })

  it("shows that queries are unavailable", async () => {
    const { page } = watched
    await page.getByRole("button", { name: "PromQL" }).click()
    await page.locator("#promql", { hasText: "The queries cannot be had" }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole("button", { name: "PromQL" }).click()
  })

  it("leaves arrow keys to the focused element", async () => {
    const { page } = watched
    await tool("Range").focus()
    await page.keyboard.press("ArrowUp")
    expect(await chartLabel()).toMatch(/from 12:03:00 to 12:05:00/)
    expect(await page.locator("[aria-current] .name").innerText()).toBe("shop.orders")
    await page.keyboard.press("ArrowDown")
    await page.getByRole("button", { name: "Table" }).focus()
    await page.keyboard.press("Enter")
    const data = page.getByRole("region", { name: "Data of the chart" })
    await data.focus()
    await page.keyboard.press("ArrowDown")
    expect(await page.locator("[aria-current] .name").innerText()).toBe("shop.orders")
    await page.getByRole("button", { name: "Table" }).click()
  })

  it.each([
    ["dark", { colorScheme: "dark" }],
    ["forced-colors", { colorScheme: "light", forcedColors: "active" }],
    ["forced-colors-dark", { colorScheme: "dark", forcedColors: "active" }]
  ] as const)("is readable: %s", async (name, media) => {
    const { page } = watched
    await page.emulateMedia({ forcedColors: "none", ...media })
    // The chart is drawn anew.
    stub.send(madeUp(Seconds + 1))
    await shown(page, madeUp(Seconds + 1).at)
    expect(await violations(page)).toEqual([])
    await picture(name)
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none" })
  })

  it("fits 320 pixels, with everything expanded", async () => {
    const { page } = watched
    await page.setViewportSize({ width: 320, height: 1400 })
    await tool("Compare with").selectOption("1 min earlier")
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    const cut = await page
      .locator(".node, .tools label, .legend b, #problems p")
      .evaluateAll((all) =>
        all.filter((each) => each.getBoundingClientRect().right > 320).map((each) => each.innerHTML)
      )
    expect(cut).toEqual([])
    const broken = await page
      .locator("#detail button")
      .evaluateAll((all) => all.filter((each) => each.scrollHeight > each.clientHeight).map((each) => each.innerHTML))
    expect(broken).toEqual([])
    expect(await violations(page)).toEqual([])
    await picture("320")
    await page.setViewportSize({ width: 1360, height: 860 })
    await tool("Compare with").selectOption("nothing")
  })

  it("draws means for data older than five minutes, and compares with them", async () => {
    const { page } = watched
    for (let second = Seconds + 2; second <= Long; second++) stub.send(madeUp(second))
    await shown(page, madeUp(Long).at)
    await tool("Range").selectOption("1 hour")
    expect(await chartLabel()).toMatch(/from 12:00:10 to 12:25:00, 3 lines$/)
    await picture("hour")
    await tool("Range").selectOption("5 min")
    await tool("Compare with").selectOption("10 min earlier")
    expect((await legend())[0]).toMatch(/^shop=Berlin paid=card\s+[\d,]+\/s, was [\d,]+\/s [+−±]\d+(\.\d)? %$/)
    await picture("compared-with-means")
    await tool("Compare with").selectOption("nothing")
  })

  it("shows that the connection is lost, and the time of the last numbers", async () => {
    const { page } = watched
    stub.cut(true)
    await page.locator("#status", { hasText: "Connection lost" }).waitFor()
    expect(await page.locator("#problems li").first().innerText()).toMatch(
      /^no data\s+The connection\s+is lost: what is shown is of 12:25:00$/
    )
    expect(await violations(page)).toEqual([])
    await picture("lost")
  })
})
