import type { LabelValue } from "./instrument.ts"

/** The series of a metric as its view shows them. */
export interface SeriesShown {
  readonly series: ReadonlyArray<{ readonly labels: { readonly [name: string]: LabelValue } }>
  /** The series of events beyond the limit. */
  readonly overflow?: object
  /** The number of series with labels that were cut. */
  readonly cut?: number
}

/** Series that are no longer shown. */
export interface Bygone {
  /** Expired series that were not swept yet. */
  readonly idle: SeriesShown
  /** Removed series, as one point. */
  readonly expired: object
}
