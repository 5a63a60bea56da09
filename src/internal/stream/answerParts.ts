/**
 * Splits the answer to a read into parts, so that receiving it never blocks a thread for long. Long values are sent
 * first, in pieces, and {@link AnswerParts} puts them back.
 */
import type { WaitingSteps } from "../util/steps.ts"

/** The number of values of an answer that are sent at once. Receiving one takes the application thread 50 to 150 ns. */
export const PartValues = 8192

/**
 * The number of entries up to which a value is sent together with its container. An answer of fewer values contains
 * nothing long.
 */
export const FewEntries = 128

/** Long values are not nested deeper than this in what a metric shows or keeps, counting the metric's index. */
const MostDepth = 5

/** Consecutive entries of an array, or of an object together with their names. */
export interface AnswerPart {
  /** The path within the answer, starting with the metric's index. The path of the answer itself is empty. */
  readonly path: ReadonlyArray<string>
  /** The number of entries that came before. */
  readonly from: number
  readonly entries: ReadonlyArray<unknown>
  /** The names, if the entries belong to an object. */
  readonly names: ReadonlyArray<string> | undefined
}

/** `values`: roughly how many values the part has. */
export type SendPart = (part: AnswerPart, values: number) => WaitingSteps<void>

/** Counts roughly how many values plain data has, up to `most`. */
export const valuesIn = (value: unknown, most: number): number => {
  if (typeof value !== "object" || value === null) return 1
  // A value without named entries may be long, and its parts are not objects.
  if (ArrayBuffer.isView(value)) return 1 + (value.byteLength >> 6)
  if (Array.isArray(value) && typeof value[0] === "number") return 1 + value.length
  let count = 1
  for (const each of value instanceof Map || value instanceof Set ? value.values() : Object.values(value)) {
    if (count >= most) break
    count += valuesIn(each, most - count)
  }
  return count
}

/** Passes everything long in a part of an answer to `send`, and returns the rest. */
export function* splitAnswer(value: unknown, path: ReadonlyArray<string>, send: SendPart): WaitingSteps<unknown> {
  if (typeof value !== "object" || value === null || path.length === MostDepth) return value
  const isArray = Array.isArray(value)
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return value
  const names = isArray ? undefined : Object.keys(value)
  const entries: ReadonlyArray<unknown> = isArray ? value : Object.values(value)
  if (entries.length > FewEntries) {
    yield* sendEntries(entries, names, path, send)
    return isArray ? [] : {}
  }
  if (names === undefined) return value
  let left: object = value
  for (const [i, each] of entries.entries()) {
    const rest = yield* splitAnswer(each, [...path, names[i]!], send)
    if (rest !== each) left = { ...left, [names[i]!]: rest }
  }
  return left
}

function* sendEntries(
  all: ReadonlyArray<unknown>,
  allNames: ReadonlyArray<string> | undefined,
  path: ReadonlyArray<string>,
  send: SendPart
): WaitingSteps<void> {
  for (let from = 0; from < all.length; ) {
    let to = from
    let values = 0
    while (to < all.length && values < PartValues) values += valuesIn(all[to++], PartValues)
    yield* send({ path, from, entries: all.slice(from, to), names: allNames?.slice(from, to) }, values)
    from = to
  }
}

/** Collects the parts of an answer. */
export class AnswerParts {
  /** In the order in which they started to arrive: the metrics of an answer before their contents. */
  readonly #long = new Map<
    string,
    { readonly path: ReadonlyArray<string>; value: Array<unknown> | Record<string, unknown> }
  >()

  add({ entries, from, names, path }: AnswerPart): void {
    const key = JSON.stringify(path)
    const known = this.#long.get(key) ?? { path, value: [] }
    this.#long.set(key, known)
    // A replacement worker may send the parts again from the start.
    if (from === 0) known.value = names === undefined ? [] : {}
    const { value } = known
    if (Array.isArray(value)) for (const each of entries) value.push(each)
    else for (const [i, each] of entries.entries()) put(value, names![i]!, each)
  }

  /** Joins the whole answer. `last` is the part that arrived last. */
  join(last: ReadonlyArray<unknown>): ReadonlyArray<unknown> {
    const first = this.#long.get("[]")?.value as ReadonlyArray<unknown> | undefined
    const read = first === undefined ? last : [...first, ...last]
    for (const { path, value } of this.#long.values()) {
      if (path.length === 0) continue
      const end = path.length - 1
      let at = read as unknown as Record<string, unknown>
      for (const name of path.slice(0, end)) at = at[name] as Record<string, unknown>
      put(at, path[end]!, value)
    }
    return read
  }
}

/** Plain assignment would treat `__proto__` specially. */
const put = (object: Record<string, unknown>, name: string, value: unknown): void => {
  if (!(name in object)) object[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
}
