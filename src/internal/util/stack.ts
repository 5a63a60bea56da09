/**
 * Whether the stack has room for so many more calls. What would fail halfway for want of it is not begun. A call of this
 * costs about as much as the calls it tries: it is for the slower ways only.
 */
export const hasStack = (calls: number): boolean => {
  try {
    return descend(calls) >= 0
  } catch {
    return false
  }
}

const descend = (calls: number): number => (calls === 0 ? 0 : descend(calls - 1) + 1)

/** Whether an error says that the stack was used up. */
export const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes("call stack")
