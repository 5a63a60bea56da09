/**
 * From the code of a label to the index of its series, in a form that the generated loop reads without a call.
 *
 * Its size is bounded by the number of series, whatever the codes are: they count the strings of the whole runtime. Low
 * codes are places of an array. The others lie in a table in which each code has one of two places (cuckoo hashing), so
 * that a look-up needs no loop.
 */

/** Entries of {@link CodeIndex.codes} for each series, at most. */
const CodesPerSeries = 8

/** Entries of {@link CodeIndex.places} for each series, at most: several strings may share a series. */
const PlacesPerSeries = 4

/** How many entries are moved to make room for one, before the table grows instead. */
const MostMoves = 16

/** Spreads codes over the second places. */
const Spread = 0x9e3779b1

/** Both are shared by all indexes, and never written. */
const noCodes: ReadonlyArray<number> = [-1]
const noPlaces: ReadonlyArray<number> = [-1, -1]

export class CodeIndex {
  /** By code, or -1. Never empty: the generated loop looks at the first entry. */
  codes = noCodes
  /** Pairs of a code and an index; the length is a power of two. Never empty either. */
  places = noPlaces
  #used = 0

  /** The index of the code, or -1. The same as {@link lookUp}. */
  get(code: number): number {
    const { codes, places } = this
    if (code < codes.length) return codes[code]!
    const [first, second] = placesOf(code, places.length)
    if (places[first] === code) return places[first + 1]!
    return places[second] === code ? places[second + 1]! : -1
  }

  /** Adds a code that is not known, or no longer. `series`: how many there are. */
  set(code: number, index: number, series: number): void {
    if (code < series * CodesPerSeries) {
      if (code >= this.codes.length || this.codes === noCodes) {
        const length = Math.min(series * CodesPerSeries, Math.max(code + 1, this.codes.length * 2))
        this.codes = [...this.codes, ...new Array<number>(length - this.codes.length).fill(-1)]
      }
      ;(this.codes as Array<number>)[code] = index
      return
    }
    // Codes that share a series (beyond the limit, or cut to one label) come without end; they are found again by name.
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

/** Puts an entry in one of its places, and what was there in its other one. The entry that is left over, if there is. */
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

/** The least table from this length on that has a place for all entries. */
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

/** The look-up as an expression of JavaScript, of a code, both arrays, and the length of the second one less 2, by name. */
export const lookUp = (code: string, codes: string, places: string, mask: string): string => {
  const first = `${code} << 1 & ${mask}`
  const second = `Math.imul(${code}, ${Spread}) >>> 12 & ${mask}`
  const inSecond = `${places}[${second}] === ${code} ? ${places}[(${second}) + 1] : -1`
  return `${code} < ${codes}.length ? ${codes}[${code}] : ${places}[${first}] === ${code} ? ${places}[(${first}) + 1] : ${inSecond}`
}
