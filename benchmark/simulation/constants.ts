/** Everything that the simulation takes from measurements. */
import type { ClusterCosts } from "./measure/cluster.ts"
import type { EventCosts } from "./measure/events.ts"
import type { ExportBytes } from "./measure/exports.ts"
import type { PrometheusCosts } from "./measure/prometheus.ts"
import type { RedisCosts } from "./measure/redis.ts"
import type { StateCosts } from "./measure/states.ts"
import type { Whole } from "./measure/whole.ts"

export interface Constants {
  readonly machine: string
  readonly states: StateCosts
  readonly cluster: ClusterCosts
  readonly exports: ExportBytes
  readonly redis: RedisCosts
  readonly events: EventCosts
  readonly prometheus: PrometheusCosts
  readonly whole: Whole
}
