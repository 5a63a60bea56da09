// Takes the picture of the live page, docs/live-page.png, in the chromium of the system: `npm run live-page:picture`. Needs
// `pngquant`: the picture is in the package, and takes a third of the room with a palette.
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { Effect } from "effect"
import { launch, liveService, updates, watch } from "../test/e2e/support/liveService.ts"

const target = join(import.meta.dirname, "../docs/live-page.png")

const picture = Effect.gen(function* () {
  const { url } = yield* liveService
  const browser = yield* Effect.acquireRelease(
    Effect.promise(() => launch({ viewport: { width: 1360, height: 800 }, deviceScaleFactor: 1.5 })),
    ({ close }) => Effect.promise(close)
  )
  yield* Effect.promise(async () => {
    const { page } = await watch(browser.context, url)
    await page.locator("button.metric", { hasText: "http.server.request.duration" }).click()
    // As many as the chart has room for.
    await updates(page, 300)
    await page.getByRole("combobox", { name: "Range" }).selectOption("2 min")
    await page.getByRole("combobox", { name: "Compare with" }).selectOption("2 min earlier")
    await page.mouse.move(0, 0)
    await page.screenshot({ path: target })
  })
})

await Effect.runPromise(Effect.scoped(picture))
execFileSync("pngquant", ["--quality", "70-95", "--speed", "1", "--strip", "--force", "--output", target, target])
console.log(target)
