/**
 * Helpers for tests of built-in metrics: the series of a metric by their labels.
 */
import type { Snapshots } from "mvx-metrics/Snapshot"

interface Shown {
  readonly series: ReadonlyArray<{
    readonly labels: { readonly [name: string]: unknown }
    readonly value?: number
    readonly count?: number
    readonly sum?: number
  }>
}

/** Each series as its labels, without those that are absent, and its value, count or sum. */
export const seriesOf = (
  snapshots: Snapshots,
  name: string,
  what: "value" | "count" | "sum" = "count"
): ReadonlyArray<{ readonly [name: string]: unknown }> =>
  ((snapshots[name]?.dimensions as unknown as Shown | undefined)?.series ?? []).map(({ labels, ...point }) => ({
    ...Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== null)),
    [what]: point[what]
  }))
