/** The keys of the entries of a source. */

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
  const kinds = { "+": "live", "-": "ended" } as const
  const kind = kinds[key[0] as keyof typeof kinds]
  return kind && { kind, recorderId: key.slice(1) }
}
