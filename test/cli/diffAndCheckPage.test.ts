/**
 * The tables of docs/reference/diff-and-check.md list every code of the commands.
 */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { changeRules } from "../../src/internal/catalogue/changes.ts"
import { findingGravity } from "../../src/internal/catalogue/findings.ts"

const page = readFileSync(new URL("../../docs/reference/diff-and-check.md", import.meta.url), "utf8")

const rows = Array.from(page.matchAll(/^\| `([a-z-]+)` +\| (\w+) +\| (.*?) +\|$/gm), ([, ...cells]) => cells)

it("docs/reference/diff-and-check.md lists every change and every finding, with its class", () => {
  const changes = Object.entries(changeRules).map(([code, { severity, why }]) => [code, severity, why])
  const shown = rows.filter(([code]) => Object.hasOwn(changeRules, code!))
  expect(shown.toSorted()).toEqual(changes.toSorted())
  const findings = rows
    .filter(([code]) => Object.hasOwn(findingGravity, code!))
    .map(([code, severity]) => [code, severity])
  expect(findings.toSorted()).toEqual(Object.entries(findingGravity).toSorted())
  expect(rows).toHaveLength(changes.length + findings.length)
})
