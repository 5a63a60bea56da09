/**
 * The codes of strings in a stream: its dictionary, on the writing side. A new entry is written as a row of the stream,
 * before the row that needs it.
 */
import { FirstCode, FirstLasting, LastingLength, LastingStrings, PassingStrings, RowStringLength } from "./format.ts"

const slotOf = (value: string): number => {
  const { length } = value
  return length === 0 ? 1 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1) + length) & 255
}

export class StringCodes {
  readonly #lasting = new Map<string, number>()
  /**
   * Recent strings, by a cheap hash. A look-up in the map takes several times as long. No `#` names: see Intake.offer.
   */
  private readonly recentValues: Array<string> = new Array(256).fill("")
  private readonly recentCodes = new Int32Array(256).fill(-1)
  #passing = 0
  /** The strings under the passing codes, and the code that {@link briefly} gave each of them, by a cheap hash. */
  readonly #passed: Array<string | undefined> = new Array(PassingStrings).fill(undefined)
  readonly #briefAt = new Int32Array(PassingStrings)
  readonly #write: (code: number, value: string) => boolean
  readonly #values: Array<string> | undefined

  /**
   * `write` writes an entry, and returns `false` if there is no room for it. With `values` nothing is remembered, and
   * codes are indexes in `values`.
   */
  constructor(write: (code: number, value: string) => boolean, values?: Array<string>) {
    this.#write = write
    this.#values = values
  }

  /** The number of lasting strings. */
  get size(): number {
    return this.#lasting.size
  }

  /** The lasting strings, in the order of their codes. */
  get allLasting(): ReadonlyArray<string> {
    return [...this.#lasting.keys()]
  }

  /** The strings under the passing codes now. */
  get passing(): ReadonlyArray<string | undefined> {
    return this.#passed.slice()
  }

  /** The code of a string, or -1 if it is too long or there is no room for it. */
  of(value: string): number {
    const code = this.lasting(value)
    return code < 0 ? this.#pass(value) : code
  }

  /** The code of a lasting string, or -1 if it cannot be one. */
  lasting(value: string): number {
    const code = this.recent(value)
    return code < 0 ? this.#look(value) : code
  }

  /** The code of a recent string, or -1. Nothing is written for it. */
  recent(value: string): number {
    const slot = slotOf(value)
    return this.recentValues[slot] === value ? this.recentCodes[slot]! : -1
  }

  /**
   * The code of a string that rarely repeats after a while, such as a span id. It gets no lasting code, so the
   * dictionary does not grow with it.
   */
  briefly(value: string): number {
    const { length } = value
    const slot = length === 0 ? 0 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1)) % PassingStrings
    const at = this.#briefAt[slot]!
    // Not a code that is reused before the row that needs it is written.
    const age = (this.#passing - at + PassingStrings) % PassingStrings
    if (this.#passed[at] === value && age > 0 && age <= PassingStrings / 2) return FirstCode + at
    const next = this.#passing
    const code = this.#pass(value)
    if (code >= 0) this.#briefAt[slot] = next
    return code
  }

  #look(value: string): number {
    if (this.#values !== undefined) return this.#values.push(value) - 1
    if (value.length > LastingLength) return -1
    let code = this.#lasting.get(value)
    if (code === undefined) {
      if (this.#lasting.size >= LastingStrings) return -1
      code = FirstLasting + this.#lasting.size
      if (!this.#write(code, value)) return -1
      this.#lasting.set(value, code)
    }
    const slot = slotOf(value)
    this.recentValues[slot] = value
    this.recentCodes[slot] = code
    return code
  }

  /**
   * Gives a string a passing code. The code is valid until its turn comes again, which is after the row that needs it.
   */
  #pass(value: string): number {
    if (value.length > RowStringLength) return -1
    const at = this.#passing
    this.#passed[at] = undefined
    this.#passing = (at + 1) % PassingStrings
    if (!this.#write(FirstCode + at, value)) return -1
    this.#passed[at] = value
    return FirstCode + at
  }
}
