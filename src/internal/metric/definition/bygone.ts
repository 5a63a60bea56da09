import type { LabelValue } from "./instrument.ts"

/** The series of a metric as its view shows them. */
export interface SeriesShown {
  readonly series: ReadonlyArray<{ readonly labels: { readonly [name: string]: LabelValue } }>
  /** What is beyond the limit. */
  readonly overflow?: object
  /** How many series have labels that were cut. */
  readonly cut?: number
}

/** What series were that are shown no more. */
export interface Bygone {
  /** Those that have expired and are there until they are swept away. */
  readonly idle: SeriesShown
  /** Those that are there no more, as one point. */
  readonly expired: object
}
