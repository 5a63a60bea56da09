/**
 * The axe violations of a page: each broken rule with the elements that break it.
 */

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { AxeResults } from "axe-core"
import type { Page } from "playwright-core"

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

export const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  // Evaluated from outside the page, whose policy forbids scripts of others.
  await page.evaluate(source)
  const results = (await page.evaluate("axe.run(document, { preload: false })")) as AxeResults
  return results.violations.map(
    ({ help, id, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => `  ${html.slice(0, 200)}`).join("\n")}`
  )
}
