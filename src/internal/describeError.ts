/** An error in words. Never throws, whatever was thrown. */
export const describeError = (error: unknown): string => {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return "an error that cannot be described"
  }
}

/** Its message alone, where it is an `Error`. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : describeError(error))
