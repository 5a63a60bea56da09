/** The number of texts up to which a linear search is as fast as a map. */
const FewTexts = 8

/** Numbers strings. Each string is kept while it has owners. */
export class ValueCodes {
  /** Free codes have none. */
  #texts: Array<string | undefined> = none
  /** The number of owners by code. */
  #owners: Array<number> = none
  #free: Array<number> | undefined
  /** Created when there are more than a few. */
  #codes: Map<string, number> | undefined

  /** -1: it has no owner. */
  find(text: string): number {
    return this.#codes === undefined ? this.#texts.indexOf(text) : (this.#codes.get(text) ?? -1)
  }

  /** Returns the code of a text for one more owner. */
  own(text: string): number {
    const known = this.find(text)
    if (known >= 0) {
      this.#owners[known]! += 1
      return known
    }
    const code = this.#free?.pop() ?? this.#texts.length
    if (this.#texts === none) {
      this.#texts = [text]
      this.#owners = [1]
      return code
    }
    this.#texts[code] = text
    this.#owners[code] = 1
    if (this.#codes !== undefined) this.#codes.set(text, code)
    else if (code >= FewTexts) this.#codes = new Map(this.#texts.map((each, i) => [each!, i]))
    return code
  }

  disown(code: number): void {
    this.#owners[code]! -= 1
    if (this.#owners[code]! > 0) return
    this.#codes?.delete(this.#texts[code]!)
    this.#texts[code] = undefined
    this.#free ??= []
    this.#free.push(code)
  }

  text(code: number): string {
    return this.#texts[code]!
  }
}

const none: Array<never> = []
