// docs/guides/frameworks.md shows the current results of `npm run setups`, and the files that it ran.
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { all } from "../scripts/setups/all.ts"
import { generated, pagePath } from "../scripts/setups/page.ts"
import { readResults } from "../scripts/setups/results.ts"
import { foldsOf } from "../scripts/setups/setup.ts"

const page = readFileSync(pagePath, "utf8")

const examples = fileURLToPath(new URL("../examples/frameworks", import.meta.url))

describe("docs/guides/frameworks.md", () => {
  it("shows the current results and files", () => {
    expect(page).toBe(generated(page, all, readResults()))
  })

  it("shows a result for each set-up, in process and on a worker, and no others", () => {
    const names = all.flatMap((setup) => foldsOf(setup).map((fold) => `${setup.name}, ${fold}`))
    expect(readResults().map(({ fold, setup }) => `${setup}, ${fold}`)).toEqual(names)
    expect(new Set(names).size).toBe(names.length)
  })

  it("shows or names every program", () => {
    const files = globSync("**/*.{ts,js,mjs,cjs}", { cwd: examples, exclude: ["**/node_modules/**", "**/dist/**"] })
    const unmentioned = files.filter((file) => !page.includes(file))
    // Next.js has a layout, whatever is served.
    expect(unmentioned).toEqual(["next/app/layout.js"])
  })
})
