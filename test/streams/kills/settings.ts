/** The settings that the processes of a run share. */
import type { StoreModule } from "mvx-metrics/MetricsStore"

export const namespace = "kills"

/** The time of the n-th event of any process. */
export const timeAt = (i: number): number => 1_700_000_000_000 + i * 3

export interface ProducerSettings {
  readonly process: number
  readonly store: StoreModule
}

export interface AggregatorSettings {
  readonly store: StoreModule
}

export const aggregatorOptions = { namespace, interval: 30, lease: 700, silentAfter: 2500 } as const
