import { isError } from "./realms.ts"

/** An error in words. Never throws, whatever was thrown. */
export const describeError = (error: unknown): string => {
  try {
    return isError(error) ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return "an error that cannot be described"
  }
}

/** Its message alone, where it is an `Error`. */
export const messageOf = (error: unknown): string => (isError(error) ? error.message : describeError(error))
