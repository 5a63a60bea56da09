/** The options of a store in a server, and the module that makes it. */
import * as Duration from "effect/Duration"
import { aDuration, type Check, notBlank, whyInvalidOptions } from "../model/optionChecks.ts"

/** What the stores of this package have in common. */
export interface ServerOptions {
  readonly url: string
  readonly prefix?: string
  readonly timeout?: Duration.Input
}

export interface ServerSettings {
  /** The URL without a password, for messages. */
  readonly place: string
  readonly url: string
  readonly prefix: string
  /** In milliseconds. */
  readonly timeout: number
}

/** Throws what is wrong with the options, if anything is. `aPrefix`: what a prefix may be. */
export const serverSettings = (options: ServerOptions, defaultPrefix: string, aPrefix: Check): ServerSettings => {
  const invalid = whyInvalidOptions(options, { url: aUrl, prefix: aPrefix, timeout: aDuration }, true)
  if (invalid !== undefined) throw invalid
  const missing = whyInvalidOptions({ url: options.url ?? "" }, { url: aUrl })
  if (missing !== undefined) throw missing
  const { prefix = defaultPrefix, timeout = "5 seconds", url } = options
  return { place: withoutPassword(url), url, prefix, timeout: Duration.toMillis(Duration.fromInputUnsafe(timeout)) }
}

const aUrl: Check = (value) =>
  notBlank(value) ?? (URL.canParse(value as string) ? undefined : "must be a URL of the server, with its protocol")

const withoutPassword = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
