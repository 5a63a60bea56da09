/**
 * The answer to a read in parts, so that the thread that receives it never stands still for long: what is long in it is
 * sent first, in pieces, and put back by {@link AnswerParts}.
 */
import type { WaitingSteps } from "../util/steps.ts"

/**
 * Values of an answer that are sent at once. Each takes the application thread 50 to 150 ns to receive.
 */
export const PartValues = 8192

/** Entries that are sent with what they are in: an answer of fewer values has nothing that is long. */
export const FewEntries = 128

/** What is long is no deeper in what a metric shows or keeps, and its place among the metrics. */
const MostDepth = 5

/** Entries of an array, or of an object with their names, in order. */
export interface AnswerPart {
  /** Where in the answer: first the place of the metric. The answer itself has none. */
  readonly path: ReadonlyArray<string>
  /** How many entries came before. */
  readonly from: number
  readonly entries: ReadonlyArray<unknown>
  /** Of an object. */
  readonly names: ReadonlyArray<string> | undefined
}

/** `values`: about how many values it has. */
export type SendPart = (part: AnswerPart, values: number) => WaitingSteps<void>

/** How many values plain data has, about. Counts no further than `most`. */
export const valuesIn = (value: unknown, most: number): number => {
  if (typeof value !== "object" || value === null) return 1
  // What has no entries by name may be long, and its parts are no objects.
  if (ArrayBuffer.isView(value)) return 1 + (value.byteLength >> 6)
  if (Array.isArray(value) && typeof value[0] === "number") return 1 + value.length
  let count = 1
  for (const each of value instanceof Map || value instanceof Set ? value.values() : Object.values(value)) {
    if (count >= most) break
    count += valuesIn(each, most - count)
  }
  return count
}

/** Gives what is left of a part of an answer when `send` was given all that is long in it. */
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

/** The parts of an answer that have come. */
export class AnswerParts {
  /** In the order in which they have begun to come: the metrics of an answer before what is in them. */
  readonly #long = new Map<
    string,
    { readonly path: ReadonlyArray<string>; value: Array<unknown> | Record<string, unknown> }
  >()

  add({ entries, from, names, path }: AnswerPart): void {
    const key = JSON.stringify(path)
    const known = this.#long.get(key) ?? { path, value: [] }
    this.#long.set(key, known)
    // Another worker may have taken the place of the one that sent what came before.
    if (from === 0) known.value = names === undefined ? [] : {}
    const { value } = known
    if (Array.isArray(value)) for (const each of entries) value.push(each)
    else for (const [i, each] of entries.entries()) put(value, names![i]!, each)
  }

  /** The whole answer, of which `last` came last. */
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

/** Not always by assignment, which would take `__proto__` for something else. */
const put = (object: Record<string, unknown>, name: string, value: unknown): void => {
  if (!(name in object)) object[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
}
