/** The common parts of the library's own metrics. */
import type { MetricData, NumberPoint } from "./metricData.ts"

/** The attribute that distinguishes recorders. */
export const RecorderAttribute = "recorder"

/** The attribute that distinguishes runtimes. */
export const NamespaceAttribute = "namespace"

/** The attributes of all data of a recorder. `undefined`: of all recorders together. */
export const attributesOf = (
  namespace: string,
  recorderId: string | undefined
): { readonly [name: string]: string } => ({
  ...(recorderId !== undefined && { [RecorderAttribute]: recorderId }),
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
