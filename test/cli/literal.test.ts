/**
 * Expected values in the tests that `replay --as-test` prints: source text that evaluates to the shown value.
 */
import { expect, it } from "@effect/vitest"
import { literal } from "../../src/cli/literal.ts"

const evaluated = (text: string): unknown => new Function(`return ${text}`)()

it.each<[unknown]>([
  [
    {
      name: "app.requests",
      dimensions: { value: 1, series: [{ labels: { "http.route": "/", a_b: null }, value: 0.1 }] }
    }
  ],
  [{ min: Number.NaN, max: Number.NEGATIVE_INFINITY, zero: -0, large: 2n ** 70n, none: undefined }],
  [new Map([["a", new Set([1, 2])]])],
  [{ at: new Date(5), empty: [], nothing: {} }],
  [JSON.parse('{ "__proto__": { "a": 1 }, "constructor": 2, "\\u202e\\u0000`": "\\u2028" }')]
])("%o equals the value of its literal", (value) => {
  expect(evaluated(literal(value))).toStrictEqual(value)
  expect(literal(value)).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u)
})

it("is on one line if it fits, and otherwise on a line for each part", () => {
  expect(literal({ name: "a", values: [1, 2] })).toBe('{ name: "a", values: [1, 2] }')
  const route = "x".repeat(70)
  expect(literal({ series: [{ labels: { route }, value: 0 }] }, "  ")).toBe(
    `{\n    series: [{ labels: { route: "${route}" }, value: 0 }]\n  }`
  )
})
