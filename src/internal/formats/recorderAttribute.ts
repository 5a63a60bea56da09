/** The common parts of the library's own metrics. */
import type { MetricData, NumberPoint } from "./metricData.ts"

/** The attribute that distinguishes recorders. */
export const RecorderAttribute = "recorder"

/** The attribute that distinguishes runtimes. */
export const NamespaceAttribute = "namespace"

const NotShown = /[\0\p{Surrogate}]/gu

/**
 * Ids may be any text, but UTF-8 has no lone surrogates, and not every parser accepts NUL. They are shown by their
 * numbers, because recorders with equal labels would be one to readers.
 */
const shownId = (recorderId: string): string =>
  recorderId.replaceAll(NotShown, (unit) => `\ufffd${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** The attributes of all data of a recorder. `undefined`: of all recorders together. */
export const attributesOf = (
  namespace: string,
  recorderId: string | undefined
): { readonly [name: string]: string } => ({
  ...(recorderId !== undefined && { [RecorderAttribute]: shownId(recorderId) }),
  [NamespaceAttribute]: namespace
})

/** What all numbers of one name share. */
export type Family = Pick<MetricData, "name" | "description" | "unit"> & { readonly monotonic: boolean | undefined }

export const family = (name: string, unit: string, monotonic: boolean | undefined, description: string): Family => ({
  name: `mvx_metrics.${name}`,
  unit,
  monotonic,
  description
})

export const selfDataOf = ({ monotonic, ...named }: Family, points: ReadonlyArray<NumberPoint>): MetricData =>
  monotonic === undefined ? { ...named, type: "gauge", points } : { ...named, type: "sum", monotonic, points }
