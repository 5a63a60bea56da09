/** Places in the log of a stream. Pages are reused, but every place in the log is unique. */
import { PageWords } from "./page.ts"

/** A page, the word in it counted from its beginning, and how many pages were completed before. */
export interface LogPlace {
  readonly page: number
  readonly turn: number
  readonly word: number
}

/** A place as a number, which grows along the log. */
export const logPosition = (turn: number, word: number): number => turn * PageWords + word

/** State that is written once for the rows that follow. */
export interface ReaderState {
  readonly time: number
  /** The strings by code, for the codes that are reused in turn. */
  readonly passing: ReadonlyArray<string | null | undefined>
}
