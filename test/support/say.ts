/**
 * How a program that a test starts reports to it: lines on standard output, each with a word and data. Loggers may
 * write between them.
 */
import { writeSync } from "node:fs"

const Mark = "say "

/** Writes synchronously, from any thread: neither an exiting process nor a dying thread loses the line. */
export const say = (word: string, data: unknown = null): void => {
  writeSync(1, `${Mark}${JSON.stringify([word, data])}\n`)
}

/** An error as data: its fields, and a description of its cause. */
export const describeError = (error: unknown): { readonly [field: string]: unknown } => {
  if (!(error instanceof Error)) return { isError: false, message: String(error) }
  const { cause, message, ...fields } = error
  return { ...fields, isError: true, message, ...(cause !== undefined && describeCause(cause)) }
}

const describeCause = (cause: unknown): { readonly cause: string; readonly code?: unknown } =>
  cause instanceof Error
    ? { cause: cause.message, ...("code" in cause && { code: cause.code }) }
    : { cause: String(cause) }

export interface Said {
  readonly word: string
  // biome-ignore lint/suspicious/noExplicitAny: what a program says is asserted on, whatever it is.
  readonly data: any
}

/** The reports in this output, in order. An incomplete line is not a report. */
export const whatWasSaid = (output: string): ReadonlyArray<Said> =>
  output
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith(Mark))
    .map((line) => {
      const [word, data] = JSON.parse(line.slice(Mark.length))
      return { word, data }
    })
