/**
 * Snapshots: the dimensions of metrics as plain, structured data.
 *
 * @example
 * ```ts
 * import { Snapshot } from "mvx-metrics"
 *
 * const snapshots: Snapshot.Snapshots = {
 *   "cache.lookups": { name: "cache.lookups", dimensions: { total: 3, hits: 2 } }
 * }
 * Snapshot.isQuarantined(snapshots["cache.lookups"]!) // false
 * ```
 *
 * @since 0.2.0
 */
export * from "./internal/metric/definition/snapshot.ts"
export * from "./internal/metric/mergeSnapshots.ts"
