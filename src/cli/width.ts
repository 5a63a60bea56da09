/** Text in the columns of a terminal. */
import { harmless } from "./escapeControls.ts"

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u
const combining = /[\p{Mn}\p{Me}\p{Cf}]/u

const widthOfLetter = (letter: string): number => (combining.test(letter) ? 0 : wide.test(letter) ? 2 : 1)

/** The number of columns of a text. */
export const widthOf = (text: string): number =>
  Array.from(text).reduce((width, letter) => width + widthOfLetter(letter), 0)

/** Up to `width` columns, with a mark if it was cut, and harmless. */
export const cut = (text: string, width: number): string => {
  const shown = harmless(text)
  if (widthOf(shown) <= width) return shown
  let room = width - 1
  let end = 0
  for (const letter of shown) {
    room -= widthOfLetter(letter)
    if (room < 0) break
    end += letter.length
  }
  return width < 1 ? "" : `${shown.slice(0, end)}…`
}

/** Exactly `width` columns. */
export const inWidth = (text: string, width: number): string => {
  const shown = cut(text, width)
  return shown + " ".repeat(Math.max(0, width - widthOf(shown)))
}
