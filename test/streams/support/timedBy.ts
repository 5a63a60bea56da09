import { Clock, Effect } from "effect"
import type { EventStoreService } from "mvx-metrics/MetricsStore"

/** A store in whose processes and aggregators it is the time of a clock. */
export const timedBy = (clock: Clock.Clock, store: EventStoreService): EventStoreService => ({
  ...store,
  append: (append) => Effect.provideService(store.append(append), Clock.Clock, clock),
  join: (...args) => Effect.provideService(store.join(...args), Clock.Clock, clock)
})
