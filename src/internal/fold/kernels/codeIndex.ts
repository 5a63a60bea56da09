/**
 * Maps the code of a label to the index of its series, in a form that the generated loop reads without a call.
 *
 * Its size is bounded by the number of series, whatever the codes are, because codes number the strings of the whole
 * runtime. Low codes are indexes of an array. The others are in a table in which each code has two possible places
 * (cuckoo hashing), so that a look-up needs no loop. Codes beyond the limit of series, which all share one series, are
 * bits.
 */

/** The maximum number of entries of {@link CodeIndex.codes} per series. */
const CodesPerSeries = 8

/** The maximum number of entries of {@link CodeIndex.places} per series. Several strings may share a series. */
const PlacesPerSeries = 4

/**
 * The maximum number of words of {@link CodeIndex.overflowing} per series. From 128 series on there is a bit for any
 * code.
 */
const WordsPerSeries = 16

/** How many entries are moved to make room for one, before the table grows instead. */
const MostMoves = 16

/** Spreads codes over their second places. */
const Spread = 0x9e3779b1

/** Shared by all indexes, and never written. */
const noCodes: ReadonlyArray<number> = [-1]
const noPlaces: ReadonlyArray<number> = [-1, -1]
const noBits = new Int32Array(1)

export class CodeIndex {
  /** By code, or -1. Never empty, because the generated loop reads the first entry. */
  codes = noCodes
  /** Pairs of a code and an index. The length is a power of two. Never empty either. */
  places = noPlaces
  /** A bit for each code of the series with the index {@link overflow}. Never empty either. */
  overflowing = noBits
  overflow = -1
  #used = 0

  /** The index of the code, or -1. The same as {@link lookUp}. */
  get(code: number): number {
    const { codes, overflow, overflowing, places } = this
    if (code < codes.length) return codes[code]!
    const [first, second] = placesOf(code, places.length)
    if (places[first] === code) return places[first + 1]!
    if (places[second] === code) return places[second + 1]!
    return code >> 5 < overflowing.length && ((overflowing[code >> 5]! >>> code) & 1) !== 0 ? overflow : -1
  }

  /**
   * Adds a code that is unknown or was dropped. `series`: their number. `overflows`: whether the code is beyond their
   * limit.
   */
  set(code: number, index: number, series: number, overflows: boolean): void {
    if (code < series * CodesPerSeries) {
      if (code >= this.codes.length || this.codes === noCodes) {
        const length = Math.min(series * CodesPerSeries, Math.max(code + 1, this.codes.length * 2))
        this.codes = [...this.codes, ...new Array<number>(length - this.codes.length).fill(-1)]
      }
      ;(this.codes as Array<number>)[code] = index
      return
    }
    if (overflows && code >> 5 < series * WordsPerSeries) {
      if (code >> 5 >= this.overflowing.length) {
        const larger = new Int32Array(Math.min(series * WordsPerSeries, 2 * ((code >> 5) + 1)))
        larger.set(this.overflowing)
        this.overflowing = larger
      }
      this.overflowing[code >> 5]! |= 1 << code
      this.overflow = index
      return
    }
    // The number of codes that share a series (for example, of labels that are cut) is unlimited. They are found again
    // by name.
    if (this.#used >= series * PlacesPerSeries) {
      this.places = noPlaces
      this.#used = 0
    }
    this.#used++
    if (this.places === noPlaces) this.places = [...noPlaces]
    const { length } = this.places
    if (this.#used > 1 && this.#used * 4 > length) this.places = rebuilt([...this.places, code, index], length * 2)
    else {
      const left = put(this.places as Array<number>, code, index)
      if (left !== undefined) this.places = rebuilt([...this.places, ...left], length * 2)
    }
  }
}

/** Both places of a code in a table of this length. */
const placesOf = (code: number, length: number): readonly [first: number, second: number] => {
  const mask = length - 2
  return [(code << 1) & mask, (Math.imul(code, Spread) >>> 12) & mask]
}

/**
 * Puts an entry in one of its places, and moves what was there to its other place. Returns the entry that is left over,
 * if there is one.
 */
const put = (places: Array<number>, code: number, index: number): readonly [number, number] | undefined => {
  let [at] = placesOf(code, places.length)
  for (let moves = 0; moves < MostMoves; moves++) {
    const [before, indexBefore] = [places[at]!, places[at + 1]!]
    places[at] = code
    places[at + 1] = index
    if (before < 0) return undefined
    const [first, second] = placesOf(before, places.length)
    at = at === first ? second : first
    code = before
    index = indexBefore
  }
  return [code, index]
}

/** The smallest table from this length on that has a place for all entries. */
const rebuilt = (entries: ReadonlyArray<number>, from: number): ReadonlyArray<number> => {
  for (let length = from; ; length *= 2) {
    const places = [...new Array<number>(length).fill(-1)]
    let fits = true
    for (let i = 0; i < entries.length && fits; i += 2) {
      if (entries[i]! >= 0) fits = put(places, entries[i]!, entries[i + 1]!) === undefined
    }
    if (fits) return places
  }
}

/**
 * The look-up of a code as a JavaScript expression, which uses these names for the parts of an index and their lengths.
 */
export const lookUp = (code: string, i: number | string = ""): string => {
  const first = `${code} << 1 & mask${i}`
  const second = `Math.imul(${code}, ${Spread}) >>> 12 & mask${i}`
  return [
    `${code} < codes${i}.length ? codes${i}[${code}]`,
    `places${i}[${first}] === ${code} ? places${i}[(${first}) + 1]`,
    `places${i}[${second}] === ${code} ? places${i}[(${second}) + 1]`,
    `${code} >> 5 < bits${i}.length && (bits${i}[${code} >> 5] >>> ${code} & 1) !== 0 ? overflow${i}`,
    "-1"
  ].join(" : ")
}

/** The parts of an index, under the names that {@link lookUp} uses. They are replaced when the index grows. */
export const partsOf = (index: string, i: number | string = ""): ReadonlyArray<string> => [
  `codes${i} = ${index}.codes`,
  `places${i} = ${index}.places`,
  `mask${i} = places${i}.length - 2`,
  `bits${i} = ${index}.overflowing`,
  `overflow${i} = ${index}.overflow`
]
