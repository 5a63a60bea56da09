/** The keys of the entries of a source. */
import { createHash } from "node:crypto"

/** The key of an existing recorder. */
export const liveKey = (recorderId: string): string => `+${recorderId}`

/** The key of the recorders that had an id and no longer exist. */
export const endedKey = (recorderId: string): string => `-${recorderId}`

/** The key of recorders that are no longer kept by their ids. */
export const othersKey = "~"

/** The key of what else must be known of a source: {@link AboutSource}, in JSON. */
export const aboutKey = "#"

export interface AboutSource {
  /** The number of merged recorder ids. */
  readonly others: number
  /** The maximum interval between two writes of a source, in milliseconds. */
  readonly every?: number
  /** The number of retired sources in the total. */
  readonly retired?: number
}

export type EntryOf =
  | { readonly kind: "live" | "ended"; readonly recorderId: string }
  | { readonly kind: "others" | "about" }
  /** Written by a later version of this package. */
  | undefined

export const readKey = (key: string): EntryOf => {
  if (key === othersKey) return { kind: "others" }
  if (key === aboutKey) return { kind: "about" }
  const kind = kindOf(key, kinds)
  return kind && { kind, recorderId: key.slice(1) }
}

const kinds = { "+": "live", "-": "ended" } as const

/** The prefixes of hashed ids, which not every store can hold. */
const hashed = { "*": "live", "=": "ended" } as const

const kindOf = <A>(key: string, kinds: { readonly [first: string]: A }): A | undefined => kinds[key[0]!]

/** In UTF-16 code units. Servers index keys, which limits their length. */
const MostOfKey = 256

const NotOfServers = /[\0\p{Cs}]/u

/**
 * The key in a store. Recorder ids may be of any length, and may not be text that a server accepts: PostgreSQL rejects
 * NUL, and UTF-8 has no lone surrogates. The states contain the id of their recorder.
 */
export const storedKey = (key: string): string => {
  if (key.length <= MostOfKey && !NotOfServers.test(key)) return key
  const first = key.startsWith("+") ? "*" : "="
  return first + createHash("sha256").update(key, "utf16le").digest("hex")
}

/** What a key of {@link storedKey} belongs to. `recorderId` is `undefined` if only the states contain it. */
export const readStoredKey = (
  key: string
): EntryOf | { readonly kind: "live" | "ended"; readonly recorderId: undefined } => {
  const kind = kindOf(key, hashed)
  return kind === undefined ? readKey(key) : { kind, recorderId: undefined }
}
