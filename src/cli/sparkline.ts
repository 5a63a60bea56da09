/** The last updates as characters of eight heights. */
const heights = "▁▂▃▄▅▆▇█"

/** Has the width `width`, with the newest value at the end. The scale starts at 0 if all values are positive. */
export const sparkText = (values: ReadonlyArray<number | null>, width: number): string => {
  const shown = values.slice(-width)
  const known = shown.filter((value) => value !== null)
  const least = Math.min(0, ...known)
  const span = Math.max(0, ...known) - least
  const letters = shown.map((value) => {
    if (value === null) return " "
    return heights[span === 0 ? 0 : Math.round(((value - least) / span) * (heights.length - 1))]
  })
  return letters.join("").padStart(width)
}
