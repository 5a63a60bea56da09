/**
 * How two pieces of plain data differ, in lines that people read: the path, what was expected, what was received.
 *
 * Series of a metric are matched by their labels, not by their position. Expected values may be matchers of a test
 * framework (`expect.closeTo(0.3)`): whatever has an `asymmetricMatch`.
 */
import { inspect, isDeepStrictEqual, types } from "node:util"
import { isPlainObject } from "../internal/util/realms.ts"

/** `whole`: nothing else may be present. `part`: anything that is not expected is ignored. */
export type Extent = "whole" | "part"

interface Matcher {
  readonly asymmetricMatch: (received: unknown) => boolean
}

interface Labelled {
  readonly labels: { readonly [label: string]: unknown }
}

type Fields = { readonly [key: string]: unknown }

const isMatcher = (value: unknown): value is Matcher =>
  typeof value === "object" &&
  value !== null &&
  "asymmetricMatch" in value &&
  typeof value.asymmetricMatch === "function"

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && isPlainObject(value)

const isSeries = (value: unknown): value is ReadonlyArray<Labelled> =>
  Array.isArray(value) && value.length > 0 && value.every((each) => isFields(each) && isFields(each.labels))

const inLine = (value: unknown): string =>
  isMatcher(value) && "toAsymmetricMatcher" in value && typeof value.toAsymmetricMatcher === "function"
    ? String(value.toAsymmetricMatcher())
    : inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 6 })

const fieldOf = (path: string, key: string | number): string =>
  typeof key === "number" ? `${path}[${key}]` : /^[\w.-]+$/.test(key) ? `${path}.${key}` : `${path}[${inLine(key)}]`

const seriesOf = (path: string, { labels }: Labelled): string =>
  `${path}{${Object.entries(labels)
    .map(([label, value]) => `${label}=${inLine(value)}`)
    .join(", ")}}`

/** Built-in classes count as the same in any realm: such values are compared as clones in this realm. */
const isSame = (received: unknown, expected: unknown): boolean =>
  isDeepStrictEqual(received, expected) ||
  (isBuiltIn(received) && isBuiltIn(expected) && isDeepStrictEqual(cloned(received), cloned(expected)))

const isBuiltIn = (value: unknown): boolean =>
  types.isDate(value) || types.isMap(value) || types.isSet(value) || types.isRegExp(value) || types.isTypedArray(value)

const cloned = (value: unknown): unknown => {
  try {
    return structuredClone(value)
  } catch {
    // A function in a map can only be compared by identity.
    return value
  }
}

/** Stands for a missing value. */
const Absent = Symbol("absent")

const nth = (values: ReadonlyArray<unknown>, at: number): unknown => (at < values.length ? values[at] : Absent)

const fieldIn = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : Absent)

const areEqual = (received: unknown, expected: unknown): boolean =>
  differences(received, expected, "whole", "").length === 0

/** The differences, one per line. Empty if the two values are equal. */
export const differences = (
  received: unknown,
  expected: unknown,
  extent: Extent,
  path: string
): ReadonlyArray<string> => {
  if (received === Absent) return [`${path}: expected ${inLine(expected)}, but it is not there`]
  if (expected === Absent) return [`${path}: not expected, received ${inLine(received)}`]
  if (isMatcher(expected) ? expected.asymmetricMatch(received) : isSame(received, expected)) return []
  if (isSeries(expected) && (isSeries(received) || isNone(received))) {
    return seriesDifferences(received as ReadonlyArray<Labelled>, expected, extent, path)
  }
  if (Array.isArray(expected) && Array.isArray(received)) {
    const length = Math.max(expected.length, received.length)
    return Array.from({ length }, (_, i) => i).flatMap((i) =>
      differences(nth(received, i), nth(expected, i), extent, fieldOf(path, i))
    )
  }
  if (isFields(expected) && isFields(received)) {
    const keys = extent === "whole" ? { ...expected, ...received } : expected
    return Object.keys(keys).flatMap((key) =>
      differences(fieldIn(received, key), fieldIn(expected, key), extent, fieldOf(path, key))
    )
  }
  return received === 0 && expected === 0 ? [] : [`${path}: expected ${inLine(expected)}, received ${inLine(received)}`]
}

const isNone = (value: unknown): boolean => Array.isArray(value) && value.length === 0

const seriesDifferences = (
  received: ReadonlyArray<Labelled>,
  expected: ReadonlyArray<Labelled>,
  extent: Extent,
  path: string
): ReadonlyArray<string> => {
  const rest = [...received]
  const found = expected.flatMap((each) => {
    const at = rest.findIndex(({ labels }) => areEqual(labels, each.labels))
    const own = at < 0 ? Absent : rest.splice(at, 1)[0]
    return differences(own, each, extent, seriesOf(path, each))
  })
  if (extent === "part") return found
  return [...found, ...rest.flatMap((each) => differences(each, Absent, extent, seriesOf(path, each)))]
}

/** The received part of what is expected, because the rest would only clutter the difference. */
export const partOf = (received: unknown, expected: unknown): unknown => {
  if (isSeries(received) && isSeries(expected)) {
    return expected.flatMap((each) => {
      const own = received.find(({ labels }) => areEqual(labels, each.labels))
      return own === undefined ? [] : [partOf(own, each)]
    })
  }
  if (!isFields(received) || !isFields(expected)) return received
  const common = Object.keys(expected).filter((key) => Object.hasOwn(received, key))
  return Object.fromEntries(common.map((key) => [key, partOf(received[key], expected[key])]))
}
