/** The library's log, for programs with another logger than Effect's. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as EffectLogger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { describeError } from "../util/describeError.ts"

/**
 * One line of the log.
 *
 * @category models
 * @since 0.2.0
 */
export interface LogEntry {
  /** Its severity. `console`, pino and winston have methods of these names. */
  readonly level: "debug" | "info" | "warn" | "error"
  /** What happened. */
  readonly message: string
  /** What it happened to: `namespace` and, for a recorder, `recorderId`. */
  readonly annotations: { readonly [name: string]: unknown }
  /** When it happened. */
  readonly date: Date
  /** The error that caused it, if the line carries one. */
  readonly cause?: unknown
}

/**
 * Takes the lines of the log. What it returns is not waited for; if it throws or rejects, nothing changes.
 *
 * @category models
 * @since 0.2.0
 */
export type Logger = (entry: LogEntry) => unknown

/** A context whose fibers log only to `logger`, at every level, because it does its own filtering. */
export const contextWithLogger = (logger: Logger): Context.Context<never> =>
  Context.empty().pipe(
    Context.add(EffectLogger.CurrentLoggers, new Set([loggerOf(logger)])),
    Context.add(References.MinimumLogLevel, "All")
  )

const loggerOf = (logger: Logger): EffectLogger.Logger<unknown, void> =>
  EffectLogger.make(({ cause, date, fiber, logLevel, message }) => {
    // An asynchronous function never throws, and nothing could handle its rejection.
    const tell = async (): Promise<unknown> =>
      logger({
        level: levels[logLevel],
        message: [message].flat().map(textOf).join(" "),
        annotations: fiber.getRef(References.CurrentLogAnnotations),
        date,
        ...(cause.reasons.length > 0 && { cause: Cause.squash(cause) })
      })
    tell().catch(() => {})
  })

const textOf = (part: unknown): string => (typeof part === "string" ? part : describeError(part))

const levels: { readonly [L in LogLevel.LogLevel]: LogEntry["level"] } = {
  All: "debug",
  Trace: "debug",
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  Fatal: "error",
  None: "error"
}
