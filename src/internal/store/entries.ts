/** The keys of the entries of a source. */
import { createHash } from "node:crypto"

/** Of a recorder that is there. */
export const liveKey = (recorderId: string): string => `+${recorderId}`

/** Of the recorders that have had an id and are not there. */
export const endedKey = (recorderId: string): string => `-${recorderId}`

/** Of recorders that are not kept by their ids any more. */
export const othersKey = "~"

/** Of what is to be known of a source beside states: {@link AboutSource}, in JSON. */
export const aboutKey = "#"

export interface AboutSource {
  /** Recorder ids that have gone together. */
  readonly others: number
  /** Of a source that writes: at least so often, in milliseconds. */
  readonly every?: number
  /** Sources that were retired, of the total. */
  readonly retired?: number
}

export type EntryOf =
  | { readonly kind: "live" | "ended"; readonly recorderId: string }
  | { readonly kind: "others" | "about" }
  /** Of a later version of this package. */
  | undefined

export const readKey = (key: string): EntryOf => {
  if (key === othersKey) return { kind: "others" }
  if (key === aboutKey) return { kind: "about" }
  const kind = kindOf(key, kinds)
  return kind && { kind, recorderId: key.slice(1) }
}

const kinds = { "+": "live", "-": "ended" } as const

/** Of those whose ids are not for every store. */
const hashed = { "*": "live", "=": "ended" } as const

const kindOf = <A>(key: string, kinds: { readonly [first: string]: A }): A | undefined => kinds[key[0]!]

/** In UTF-16 code units: a server has an index of keys, which limits them. */
const MostOfKey = 256

const NotOfServers = /[\0\p{Cs}]/u

/**
 * As a store has it. Recorder ids may be of any length, and need not be text that a server takes: PostgreSQL has no NUL, and
 * UTF-8 no half of a surrogate pair. The states know which recorder they are of.
 */
export const storedKey = (key: string): string => {
  if (key.length <= MostOfKey && !NotOfServers.test(key)) return key
  const first = key.startsWith("+") ? "*" : "="
  return first + createHash("sha256").update(key, "utf16le").digest("hex")
}

/** What a key of {@link storedKey} is of. `recorderId` is `undefined` where only the states know it. */
export const readStoredKey = (
  key: string
): EntryOf | { readonly kind: "live" | "ended"; readonly recorderId: undefined } => {
  const kind = kindOf(key, hashed)
  return kind === undefined ? readKey(key) : { kind, recorderId: undefined }
}
