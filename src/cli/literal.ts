/** Plain data as source text. It evaluates to an equal value, even where JSON would differ. */
import { harmlessJson } from "./escapeControls.ts"

/** Objects and arrays that fit are on one line, like the output of formatters. */
const Width = 120

/** `before`: the number of characters before it in its line, in addition to the indentation. */
export const literal = (value: unknown, indent = "", before = 0): string => {
  if (typeof value === "string") return harmlessJson(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value)
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof Map || value instanceof Set)
    return `new ${value.constructor.name}(${literal([...value], indent)})`
  const inside = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((each) => literal(each, inside))
    : Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${literal(each, inside, keyOf(key).length + 2)}`)
  const [open, close, space] = Array.isArray(value) ? ["[", "]", ""] : ["{", "}", " "]
  if (parts.length === 0) return `${open}${close}`
  const line = `${open}${space}${parts.join(", ")}${space}${close}`
  return line.includes("\n") || indent.length + before + line.length > Width
    ? `${open}\n${parts.map((part) => `${inside}${part}`).join(",\n")}\n${indent}${close}`
    : line
}

const keyOf = (key: string): string => {
  // It would set the prototype.
  if (key === "__proto__") return `["__proto__"]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : harmlessJson(key)
}
