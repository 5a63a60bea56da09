/** The name of an error in the label `error.type`. Requests from outside cannot create values. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"

/** It was interrupted, or its connection ended, before it was complete. */
export const Aborted = "aborted"

/** For errors without a better name, as in OpenTelemetry's conventions. */
const Other = "_OTHER"

/** The names that programs give to their errors. */
const Word = /^[\w$./@:-]{1,80}$/

/**
 * The tag of an error, its code, such as `ECONNREFUSED`, or its name. Never its message, which may contain anything.
 */
export const errorTypeOf = (error: unknown): string => {
  const { _tag, code, name } = Object(error) as { readonly [field: string]: unknown }
  return [_tag, code, name].find((word): word is string => typeof word === "string" && Word.test(word)) ?? Other
}

/** The first failure or defect; `undefined` if there was only an interruption. */
export const failureIn = (cause: Cause.Cause<unknown>): unknown => {
  const reason = cause.reasons.find((each) => !Cause.isInterruptReason(each))
  if (reason === undefined) return undefined
  return Cause.isFailReason(reason) ? reason.error : (reason as Cause.Die).defect
}

/**
 * What ended an effect, as the same kind of name; `undefined` for a success. `reasonOf`: returns the most precise part
 * of an error.
 */
export const errorTypeOfExit = (
  exit: Exit.Exit<unknown, unknown>,
  reasonOf: (error: unknown) => unknown = (error) => error
): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error = failureIn(exit.cause)
  return error === undefined ? Aborted : errorTypeOf(reasonOf(error))
}
