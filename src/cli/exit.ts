/**
 * How a command ends that has done its work and found something. A command that could not do it ends with 1.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"

/** What was found. It is printed already. */
export class Found extends Data.TaggedError("Found")<{ readonly code: number }> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** The exit codes of `diff` and `check`: 1 is an error, as of all commands. */
export const exitCodes = { fine: 0, notable: 2, grave: 3 } as const

export const endWith = (code: number): Effect.Effect<void, Found> =>
  code === 0 ? Effect.void : Effect.fail(new Found({ code }))
