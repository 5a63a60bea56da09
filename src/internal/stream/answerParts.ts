/**
 * The answer to a read in parts, so that whoever receives it never stands still for long: what is long in it is sent
 * first, in pieces, and put back by {@link joinParts}.
 */
import type { WaitingSteps } from "../util/steps.ts"

/** Entries that are sent at once. */
const PartEntries = 400

/** What is long is no deeper in what a metric shows or keeps. */
const MostDepth = 4

/** Entries of an array, or of an object with their names, in order. */
export interface AnswerPart {
  /** Which of the answers it belongs to. */
  readonly of: number
  readonly path: ReadonlyArray<string>
  /** How many entries came before. */
  readonly from: number
  readonly entries: ReadonlyArray<unknown>
  readonly isArray: boolean
}

/** Gives what is left of an answer when `send` was given all that is long in it. `send` waits until there is room. */
export function* splitAnswer(
  value: unknown,
  of: number,
  send: (part: AnswerPart) => WaitingSteps<void>,
  path: ReadonlyArray<string> = []
): WaitingSteps<unknown> {
  if (typeof value !== "object" || value === null || path.length === MostDepth) return value
  const isArray = Array.isArray(value)
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries: ReadonlyArray<unknown> = isArray ? value : Object.entries(value)
  if (entries.length > PartEntries) {
    for (let from = 0; from < entries.length; from += PartEntries) {
      yield* send({ of, path, from, entries: entries.slice(from, from + PartEntries), isArray })
    }
    return isArray ? [] : {}
  }
  if (isArray) return value
  let left: object = value
  for (const [name, each] of entries as ReadonlyArray<readonly [string, unknown]>) {
    const rest = yield* splitAnswer(each, of, send, [...path, name])
    if (rest !== each) left = { ...left, [name]: rest }
  }
  return left
}

/** The parts of an answer that have come. */
export class AnswerParts {
  readonly #long = new Map<
    string,
    { readonly part: AnswerPart; readonly value: Array<unknown> | Record<string, unknown> }
  >()

  add(part: AnswerPart): void {
    const key = JSON.stringify([part.of, part.path])
    let known = this.#long.get(key)
    // Another worker has taken the place of the one that sent what came before.
    if (known === undefined || part.from === 0) {
      known = { part, value: part.isArray ? [] : {} }
      this.#long.set(key, known)
    }
    const { value } = known
    if (Array.isArray(value)) for (const each of part.entries) value.push(each)
    else for (const [name, each] of part.entries as ReadonlyArray<readonly [string, unknown]>) put(value, name, each)
  }

  /** Puts them back into what was left. */
  join(read: ReadonlyArray<unknown>): void {
    for (const { part, value } of this.#long.values()) {
      const { of, path } = part
      const last = path.length - 1
      let at = read[of] as Record<string, unknown>
      for (const name of path.slice(0, last)) at = at[name] as Record<string, unknown>
      at[path[last]!] = value
    }
  }
}

/** Not by assignment, which would take `__proto__` for something else. */
const put = (object: object, name: string, value: unknown): void =>
  void Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
