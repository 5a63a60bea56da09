import type * as Metric from "../../metric/definition/metric.ts"
import { kindOf } from "../../metric/instruments/kinds.ts"
import { DerivedKernel } from "./derived.ts"
import { type InPlace, Kernel } from "./kernel.ts"

/** A new fold in place for a built-in instrument, or for a metric derived from instruments. Other metrics have none. */
export const kernelOf = ({ instrument, sources }: Metric.Any): InPlace | undefined => {
  if (sources !== undefined) return new DerivedKernel(sources, kernelOf)
  if (instrument === undefined) return undefined
  const { measure, points } = kindOf(instrument)
  return new Kernel(instrument, measure, points())
}
