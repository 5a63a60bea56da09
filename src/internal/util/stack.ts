/**
 * Whether the stack has room for this many more calls. Operations that would fail halfway are not started. Checking
 * costs about as much as the calls it tries, so it is only for the slower paths.
 */
export const hasStack = (calls: number): boolean => {
  try {
    return descend(calls) >= 0
  } catch {
    return false
  }
}

const descend = (calls: number): number => (calls === 0 ? 0 : descend(calls - 1) + 1)

/** Whether an error means that the stack was used up. */
export const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes("call stack")
