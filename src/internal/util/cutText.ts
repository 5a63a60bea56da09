/** What a text that was cut ends with. */
const Mark = "\u2026"

/** Most characters of an error that is kept and shown. */
export const MostOfError = 1000

/**
 * A text of at most so many UTF-16 code units, as `length` counts them. A longer one is cut, never within a character
 * that takes two, and ends with an ellipsis.
 */
export const cutText = (text: string, most: number): string => {
  if (text.length <= most) return text
  const end = most - Mark.length
  const last = text.charCodeAt(end - 1)
  const cut = text.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end) + Mark
  // V8 keeps the whole text for as long as a slice of it lives; this is a copy.
  return JSON.parse(JSON.stringify(cut)) as string
}

/** Whether a text looks as one that was cut to at most so many units: the last character may have taken two. */
export const looksCut = (text: unknown, most: number): boolean =>
  typeof text === "string" && text.endsWith(Mark) && (text.length === most || text.length === most - 1)
