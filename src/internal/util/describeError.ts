/** Describes a thrown value of any kind in one line of bounded length. */
import * as Formatter from "effect/Formatter"
import { cutText, MostOfError } from "./cutText.ts"
import { isError } from "./realms.ts"

/** Describes an error. Never throws, whatever was thrown. */
export const describeError = (error: unknown): string => inOneLine(error, nameAndMessage)

/** Its message alone, if it is an `Error` with a message. */
export const messageOf = (error: unknown): string =>
  inOneLine(error, (each) => textIn(each, "message") ?? nameAndMessage(each))

const inOneLine = (error: unknown, describe: (error: unknown) => string): string => {
  let text: string
  try {
    text = describe(error)
  } catch {
    text = `${typeof error === "function" ? "a function" : "an object"} that cannot be described`
  }
  // Cut first, because the rest takes time proportional to the length.
  return cutText(text, MostOfError).replaceAll(/\s*[\p{Cc}\p{Zl}\p{Zp}]+\s*/gu, " ")
}

const nameAndMessage = (error: unknown): string => {
  if (typeof error === "string") return error.trim() === "" ? "an empty text" : error
  if (typeof error === "function") return error.name === "" ? "a function" : `the function ${error.name}`
  if (typeof error !== "object" || error === null) return String(error)
  const message = textIn(error, "message")
  const name = textIn(error, "name") ?? (isError(error) ? "Error" : undefined)
  if (message !== undefined) return name === undefined ? message : `${name}: ${message}`
  return isError(error) ? (headOf(error) ?? name!) : Formatter.format(error)
}

/** A property that is a non-empty string. A getter that throws has none. */
const textIn = (value: unknown, property: string): string | undefined => {
  try {
    const text: unknown = (value as { readonly [property: string]: unknown } | null | undefined)?.[property]
    return typeof value === "object" && typeof text === "string" && text !== "" ? text : undefined
  } catch {
    return undefined
  }
}

/** The stack still contains the message of an error whose message was lost between threads, as for a `DOMException`. */
const headOf = (error: Error): string | undefined =>
  /^\w*(?:Error|Exception): .+$/m.exec(textIn(error, "stack") ?? "")?.[0]
