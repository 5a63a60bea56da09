/**
 * The manifests of examples/ are published: a copied example must install this version.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }

const root = join(import.meta.dirname, "../..")
const manifests = globSync("examples/**/package.json", { cwd: root, exclude: (path) => path.includes("node_modules") })

describe("the manifest of an example", () => {
  it.each(manifests)("%s requires this version of the package", (path) => {
    const { dependencies } = JSON.parse(readFileSync(join(root, path), "utf8"))
    expect(dependencies[manifest.name]).toBe(`^${manifest.version}`)
  })
})
