import * as Effect from "effect/Effect"

/**
 * How much is logged: nothing, lifecycle and failures, or reads as well. Lifecycle is logged at `Debug`, so a program
 * with Effect's default level sees lines about a recorder only when something is wrong.
 *
 * @category options
 * @since 0.2.0
 */
export type Detail = "silent" | "normal" | "inspection"

/** A log line. A logger that throws must not make anything here fail. */
export const harmless = (line: Effect.Effect<void>): Effect.Effect<void> => Effect.catchDefect(line, () => Effect.void)

/** The log of one recorder or runtime, whose name is in every line. */
export class Log {
  readonly #detail: Detail
  readonly #annotations: { readonly [name: string]: string }

  constructor(detail: Detail, annotations: { readonly [name: string]: string }) {
    this.#detail = detail
    this.#annotations = annotations
  }

  lifecycle(message: string): Effect.Effect<void> {
    return this.#line(Effect.logDebug(message))
  }

  /** Logs that the cause of a warning is gone. */
  notice(message: string): Effect.Effect<void> {
    return this.#line(Effect.logInfo(message))
  }

  warning(message: string): Effect.Effect<void> {
    return this.#line(Effect.logWarning(message))
  }

  failure(message: string): Effect.Effect<void> {
    return this.#line(Effect.logError(message))
  }

  inspection(message: string): Effect.Effect<void> {
    return this.#detail === "inspection" ? this.#line(Effect.logDebug(message)) : Effect.void
  }

  /** Logs that a value was read, and returns the value. The line is built only if it is logged. */
  inspected<A>(value: A, message: () => string): Effect.Effect<A> {
    return this.#detail === "inspection" ? Effect.as(this.inspection(message()), value) : Effect.succeed(value)
  }

  #line(log: Effect.Effect<void>): Effect.Effect<void> {
    if (this.#detail === "silent") return Effect.void
    return harmless(Effect.annotateLogs(log, this.#annotations))
  }
}
