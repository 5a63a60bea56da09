import type * as Metric from "./metric.ts"

/** Whether a built-in metric describes a current state rather than what happened. */
export const isBuiltInLevel = ({ instrument, sources }: Metric.Any): boolean => {
  if (instrument !== undefined) return instrument.kind === "gauge" || instrument.kind === "upDownCounter"
  return sources !== undefined && Object.values(sources).every(isBuiltInLevel)
}
