/** Without its install script the devDependency `node` falls back to the system's node, and nobody is told. */
import { expect, it } from "@effect/vitest"

it("the tests run on Node 22.19 or newer, as the package asks for", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  expect(major * 100 + minor).toBeGreaterThanOrEqual(22_19)
})
