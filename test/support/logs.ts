import { Layer, Logger, References } from "effect"

export interface LogLine {
  readonly level: string
  readonly text: string
  readonly annotations: { readonly [name: string]: unknown }
}

/** A logger that keeps all lines of every level, and replaces those that print. */
export const recordLogs = () => {
  const lines: Array<LogLine> = []
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    const text = Array.isArray(message) ? message.join(" ") : String(message)
    lines.push({ level: logLevel, text, annotations: fiber.getRef(References.CurrentLogAnnotations) })
  })
  const layer = Layer.mergeAll(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "All"))
  return { lines, layer }
}
