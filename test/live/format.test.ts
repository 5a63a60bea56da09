import { expect, it } from "@effect/vitest"
import { format, shortened, visible } from "../../src/internal/live/model/format.ts"

it.each([
  [1234, "count", undefined, "1,234"],
  [12_345_678, "count", undefined, "12.3M"],
  [0, "value", "s", "0 s"],
  [0.0123, "value", "s", "12.3 ms"],
  [2500, "value", "us", "2.50 ms"],
  [90, "value", "s", "1.50 min"],
  [1_500_000, "value", "By", "1.50 MB"],
  [2, "value", "KiBy", "2.05 kB"],
  [3, "value", "{request}", "3"],
  [3.5, "value", "Cel", "3.50 Cel"],
  [45, "value", "%", "45 %"],
  [0.456, "ratio", undefined, "45.6 %"],
  [12.3, "events", "s", "12.3/s"],
  [2048, "rate", "By", "2.05 kB/s"],
  [0.00001, "value", undefined, "1.00e-5"],
  [null, "value", "s", "–"],
  [Number.NaN, "value", "s", "–"],
  ["open", "value", undefined, "open"],
  [true, "value", undefined, "true"],
  [-0.25, "value", "s", "-250 ms"],
  [1_700_000_000.5, "level", "s", "2023-11-14 22:13:20Z"],
  [1_700_000_000_000, "level", "ms", "2023-11-14 22:13:20Z"],
  [1_700_000_000, "level", "ms", "19.7 d"],
  [1_700_000_000, "value", "s", "19,676 d"],
  [1_700_000_000, "level", "By", "1.70 GB"],
  [90, "level", "s", "1.50 min"]
] as const)("%s as a %s in %s is formatted as %s", (value, unit, metricUnit, text) => {
  expect(format(value, unit, metricUnit)).toBe(text)
})

it("text is shortened in the middle to the given length, without splitting a character", () => {
  expect(shortened("short", 5)).toBe("short")
  expect(shortened("abcdefghijkl", 9)).toBe("abcdef…jkl")
  expect(shortened("😀".repeat(10), 9)).not.toMatch(/\p{Cs}/u)
})

it("control characters that turn or hide text are made visible, and right-to-left text is unchanged", () => {
  expect(visible("a\u202eb\u0000c\u2066\u009b\u200f")).toBe("a�b�c���")
  expect(visible("שלום\n\ta")).toBe("שלום\n\ta")
})
