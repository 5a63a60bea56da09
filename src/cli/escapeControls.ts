/**
 * Text of others, as it may be printed: it must neither steer the terminal nor show anything in another order than it is.
 */
import * as CliError from "effect/cli/CliError"

/** Control characters, those that are not seen (bidirectional, of no width, tags), separators of lines, half characters. */
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** A part of a line. */
export const harmless = (text: string): string => text.replaceAll(harmful, "�")

export const harmlessLines = (text: string): string => text.split("\n").map(harmless).join("\n")

/** Text whose strings are those of JSON, in which what is harmful stands as an escape. */
export const harmlessEscapes = (text: string): string =>
  text.replaceAll(harmful, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, i) => {
          return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`
        }).join("")
  )

export const harmlessJson = (value: unknown, indent?: number): string =>
  harmlessEscapes(JSON.stringify(value, null, indent))

/** The end of a command, with words for the one who typed it. */
export const failed = (userMessage: string, cause: unknown = userMessage): CliError.UserError =>
  new CliError.UserError({ cause, userMessage: harmlessLines(userMessage) })
