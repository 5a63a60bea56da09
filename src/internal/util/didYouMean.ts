/** Suggestions for misspelt names. */

/** `_`, `.` and case are the most common mistakes: `duration_ms` for `durationMs`. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}]/gu, "")

/** The number of edits between two texts: a letter added, removed or replaced, or two neighbours swapped. */
const edits = (left: string, right: string): number => {
  let [before, last]: [Array<number>, Array<number>] = [[], Array.from({ length: right.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    ;[before, last] = [last, row]
  }
  return last[right.length]!
}

/** The closest known name, if it is close: up to a third of its letters may differ. */
const closest = (name: string, known: Iterable<string>): string | undefined => {
  const given = plain(name)
  let found: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const each of known) {
    const other = plain(each)
    const most = Math.floor((Math.max(given.length, other.length) + 1) / 3)
    if (Math.abs(given.length - other.length) > most) continue
    const distance = edits(given, other)
    if (distance > most || distance >= least) continue
    found = each
    least = distance
  }
  return found
}

/** ` Did you mean "seconds"?`, or nothing if no known name is close. */
export const didYouMean = (name: unknown, known: Iterable<string>): string => {
  const found = typeof name === "string" ? closest(name, known) : undefined
  return found === undefined ? "" : ` Did you mean ${JSON.stringify(found)}?`
}
