/**
 * The codes of strings in a stream: its dictionary, as the side that writes has it. A new entry is a row of the stream,
 * before the row that needs it.
 */
import { FirstCode, FirstLasting, LastingLength, LastingStrings, PassingStrings, RowStringLength } from "./format.ts"

const slotOf = (value: string): number => {
  const { length } = value
  return length === 0 ? 1 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1) + length) & 255
}

export class StringCodes {
  readonly #lasting = new Map<string, number>()
  /** The strings of late, by a cheap hash: a look-up in the map costs several times as much. No `#` names: see Intake.offer. */
  private readonly recentValues: Array<string> = new Array(256).fill("")
  private readonly recentCodes = new Int32Array(256).fill(-1)
  #passing = 0
  /** The strings under the passing codes, and where each was that {@link briefly} gave, by a cheap hash. */
  readonly #passed: Array<string | undefined> = new Array(PassingStrings).fill(undefined)
  readonly #briefAt = new Int32Array(PassingStrings)
  readonly #write: (code: number, value: string) => boolean
  readonly #values: Array<string> | undefined

  /** `write` writes an entry; `false` where there is no room for it. With `values` nothing is kept: codes are places in it. */
  constructor(write: (code: number, value: string) => boolean, values?: Array<string>) {
    this.#write = write
    this.#values = values
  }

  /** How many strings have a place for good. */
  get size(): number {
    return this.#lasting.size
  }

  /** The strings that stay, from the first of their codes on. */
  get allLasting(): ReadonlyArray<string> {
    return [...this.#lasting.keys()]
  }

  /** Those under the passing codes now. */
  get passing(): ReadonlyArray<string | undefined> {
    return this.#passed.slice()
  }

  /** The code of a string, or -1 where it is too long, or there is no room for it. */
  of(value: string): number {
    const code = this.lasting(value)
    return code < 0 ? this.#pass(value) : code
  }

  /** The code of a string that stays in the dictionary, or -1 where it cannot. */
  lasting(value: string): number {
    const code = this.recent(value)
    return code < 0 ? this.#look(value) : code
  }

  /** The same of one that came of late, or -1: nothing is written for it. */
  recent(value: string): number {
    const slot = slotOf(value)
    return this.recentValues[slot] === value ? this.recentCodes[slot]! : -1
  }

  /**
   * The code of a string that hardly ever comes again after a while, such as the id of a span. It has no place in the
   * dictionary, which does not grow with it.
   */
  briefly(value: string): number {
    const { length } = value
    const slot = length === 0 ? 0 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1)) % PassingStrings
    const at = this.#briefAt[slot]!
    // Not one whose turn comes again before the row that this is for is written.
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

  /** A string under a code that holds until its turn comes again, which is later than the row it is for. */
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
