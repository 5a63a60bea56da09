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

/** What the servers of a store have in common. */
interface ServerKind {
  /** The protocols of their URLs. */
  readonly protocols: ReadonlyArray<string>
  readonly defaultPrefix: string
  /** What a prefix may be. */
  readonly aPrefix: Check
}

/** Throws what is wrong with the options, if anything is. */
export const serverSettings = (
  options: ServerOptions,
  { aPrefix, defaultPrefix, protocols }: ServerKind
): ServerSettings => {
  const aUrl: Check = (value) =>
    notBlank(value) ??
    (protocols.includes(URL.parse(value as string)?.protocol ?? "")
      ? undefined
      : `must be a URL of the server that begins with ${protocols.map((each) => `${each}//`).join(" or ")}`)
  const invalid = whyInvalidOptions(options, { url: aUrl, prefix: aPrefix, timeout: aDuration }, true)
  if (invalid !== undefined) throw invalid
  const missing = whyInvalidOptions({ url: options.url ?? "" }, { url: aUrl })
  if (missing !== undefined) throw missing
  const { prefix = defaultPrefix, timeout = "5 seconds", url } = options
  return { place: withoutPassword(url), url, prefix, timeout: Duration.toMillis(Duration.fromInputUnsafe(timeout)) }
}

const withoutPassword = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
