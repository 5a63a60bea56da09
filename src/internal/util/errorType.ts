/**
 * What an error is called in the label `error.type`. Nobody outside the program can make up a value.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"

/** It was interrupted, or its connection has ended, before it was complete. */
export const Aborted = "aborted"

/** What has no better name, as OpenTelemetry's conventions have it. */
const Other = "_OTHER"

/** What a program calls its errors. */
const Word = /^[\w$./@:-]{1,80}$/

/** The tag of an error, its code, such as `ECONNREFUSED`, or its name. Never its message, which may say anything. */
export const errorTypeOf = (error: unknown): string => {
  const { _tag, code, name } = Object(error) as { readonly [field: string]: unknown }
  return [_tag, code, name].find((word): word is string => typeof word === "string" && Word.test(word)) ?? Other
}

/** The first failure or defect; `undefined` where there was nothing but an interruption. */
export const failureIn = (cause: Cause.Cause<unknown>): unknown => {
  const reason = cause.reasons.find((each) => !Cause.isInterruptReason(each))
  if (reason === undefined) return undefined
  return Cause.isFailReason(reason) ? reason.error : (reason as Cause.Die).defect
}

/** What ended an effect, in the same words; `undefined` of a success. `reasonOf`: what of an error says it best. */
export const errorTypeOfExit = (
  exit: Exit.Exit<unknown, unknown>,
  reasonOf: (error: unknown) => unknown = (error) => error
): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error = failureIn(exit.cause)
  return error === undefined ? Aborted : errorTypeOf(reasonOf(error))
}
