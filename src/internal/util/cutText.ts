/** The end of a text that was cut. */
const Mark = "\u2026"

/** The maximum length of an error that is kept and shown, in characters. */
export const MostOfError = 1000

/**
 * A text of up to this many UTF-16 code units, as in `length`. A longer one is cut, never within a surrogate pair, and
 * ends with an ellipsis.
 */
export const cutText = (text: string, most: number): string => {
  if (text.length <= most) return text
  const end = most - Mark.length
  const last = text.charCodeAt(end - 1)
  const cut = text.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end) + Mark
  // V8 keeps the whole text while a slice of it lives. This is a copy.
  return JSON.parse(JSON.stringify(cut)) as string
}

/** Whether a text looks as if it was cut to this many units: the last character may have taken two. */
export const looksCut = (text: unknown, most: number): boolean =>
  typeof text === "string" && text.endsWith(Mark) && (text.length === most || text.length === most - 1)
