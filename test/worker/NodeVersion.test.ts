/** Without its install script the devDependency `node` silently falls back to the system's node. */
import { expect, it } from "@effect/vitest"

it("the tests run on Node 22.19 or newer, as the package requires", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  expect(major * 100 + minor).toBeGreaterThanOrEqual(22_19)
})
