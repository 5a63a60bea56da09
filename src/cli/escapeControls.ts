/** Makes foreign text safe to print: it must neither control the terminal nor change the visual order of text. */
import * as CliError from "effect/cli/CliError"

/** Control characters, invisible ones (bidirectional, zero-width, tags), line separators, lone surrogates. */
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Part of a line. */
export const harmless = (text: string): string => text.replaceAll(harmful, "�")

export const harmlessLines = (text: string): string => text.split("\n").map(harmless).join("\n")

/** JSON text, in which harmful characters are replaced by escapes. */
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

/** Ends a command with a message for the user. */
export const failed = (userMessage: string, cause: unknown = userMessage): CliError.UserError =>
  new CliError.UserError({ cause, userMessage: harmlessLines(userMessage) })
