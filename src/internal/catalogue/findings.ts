/** The possible problems of definitions that work, and how to fix them. */

/**
 * - `error`: numbers are wrong or missing, or a server is at risk.
 * - `warning`: a convention is broken that tools or people rely on.
 * - `note`: something could be better.
 */
export type Gravity = "error" | "warning" | "note"

/** The most severe first. */
export const gravities: ReadonlyArray<Gravity> = ["error", "warning", "note"]

export const findingGravity = {
  "name-syntax": "error",
  "name-clash": "error",
  "name-unit-mismatch": "error",
  "name-case": "warning",
  "name-total": "warning",
  "name-kind": "warning",
  "name-suffix": "warning",
  "name-unit": "note",
  "name-namespace": "note",
  "convention-kind": "error",
  "convention-unit": "error",
  "unit-unknown": "warning",
  "unit-missing": "warning",
  "unit-of-field": "error",
  "unit-one": "note",
  "label-unbounded": "error",
  "label-overflow": "error",
  "label-open": "warning",
  "label-exported": "warning",
  "label-case": "note",
  "boundaries-of-other-unit": "error",
  "boundaries-coarse": "warning",
  "event-unread": "warning",
  "field-unread": "note",
  "description-missing": "note"
} as const satisfies { readonly [code: string]: Gravity }

export type FindingCode = keyof typeof findingGravity

export interface Finding {
  readonly code: FindingCode
  readonly severity: Gravity
  /** The metric, or the event. */
  readonly place: string
  /** The label, the field, or another part of it. */
  readonly part?: string
  readonly message: string
  /** How to fix it. */
  readonly advice: string
}

/** What is known of a finding besides its place and its severity. */
export type Found = Omit<Finding, "place" | "severity">

export const finding = (place: string, { code, part, ...texts }: Found): Finding => ({
  code,
  severity: findingGravity[code],
  place,
  ...(part !== undefined && { part }),
  ...texts
})
