/**
 * Places in the log of a stream: a page is written again and again, a place of the log is never another one.
 */
import { PageWords } from "./page.ts"

/** A page, the word in it counted from its first, and how many pages were written to their end before. */
export interface LogPlace {
  readonly page: number
  readonly turn: number
  readonly word: number
}

/** A place as a number, which grows along the log. */
export const logPosition = (turn: number, word: number): number => turn * PageWords + word

/** What is said once for the rows that come after it. */
export interface ReaderState {
  readonly time: number
  /** The strings by their codes, as far as these take turns. */
  readonly passing: ReadonlyArray<string | null | undefined>
}
