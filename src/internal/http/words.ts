/**
 * The terms of OpenTelemetry's HTTP conventions that servers and clients share. Labels are made from these, so that
 * requests from outside cannot create values.
 */

/** The methods that the conventions know. */
export const knownMethods: ReadonlyArray<string> = [
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE"
]

/** Defined by the conventions for any instrumentation. It replaces the list. */
const KnownMethods = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"

/** `undefined`: the environment has no list, there is no environment, or the program may not read it. */
const methodsOfEnvironment = (): ReadonlyArray<string> | undefined => {
  try {
    const methods = (globalThis.process?.env?.[KnownMethods] ?? "").split(",").map((each) => each.trim())
    const named = methods.filter((each) => each !== "")
    return named.length === 0 ? undefined : named
  } catch {
    return undefined
  }
}

const OtherMethod = "_OTHER"

/** Converts a method to a label. Methods are case-sensitive. `given`: the methods of the options. */
export const methodsOf = (given?: ReadonlyArray<string>): ((method: string | undefined) => string) => {
  const known = new Set(given ?? methodsOfEnvironment() ?? knownMethods)
  return (method) => (method !== undefined && known.has(method) ? method : OtherMethod)
}

/** As a label. A proxy or a server may provide `undefined`. */
export const versionOf = (major: number, minor: number): string => (major < 2 ? `${major}.${minor}` : String(major))

/** The size of a body from its `content-length`; `undefined` if that is not a size. */
export const sizeOf = (contentLength: unknown): number | undefined =>
  typeof contentLength === "number" || (typeof contentLength === "string" && /^\d+$/.test(contentLength))
    ? Number(contentLength)
    : undefined

/** Whether a response has no body, whatever its headers say. */
export const hasNoBody = (method: string | undefined, status: number): boolean =>
  method === "HEAD" || status === 204 || status === 304

const defaultPorts: { readonly [scheme: string]: number } = { http: 80, https: 443 }

/** The host and port of a `Host` header, or of the URL of a request. */
export const placeOf = (
  scheme: string,
  host: string | undefined
): { readonly address: string | undefined; readonly port: number | undefined } => {
  const [, address, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(host ?? "") ?? []
  if (address === undefined) return { address: undefined, port: undefined }
  return {
    address: address.replace(/^\[|\]$/g, "").toLowerCase(),
    port: port === undefined ? defaultPorts[scheme] : Number(port)
  }
}
