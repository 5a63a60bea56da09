/**
 * The events and metrics of Effect queues.
 */
import * as Schema from "effect/Schema"
import { gauge } from "../metric/gauge.ts"
import { module as moduleOf } from "../metric/metricSet.ts"

/**
 * The events of queues.
 *
 * @category models
 * @since 0.2.0
 */
export const QueueEvent = Schema.TaggedUnion({
  /** The number of items in the queue. Without a capacity, it has no limit. */
  "effect.queue.sample": { queue: Schema.String, size: Schema.Number, capacity: Schema.optional(Schema.Number) }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type QueueEvent = typeof QueueEvent.Type

/** The program names its queues. */
const labels = { "effect.queue.name": "queue" } as const
const sample = { events: QueueEvent, labels, maxSeries: 2000, unit: "{item}" } as const

/**
 * All metrics of {@link QueueEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const QueueMetrics = moduleOf(import.meta.url, [
  gauge("effect.queue.size", { ...sample, value: "size", description: "Number of items in the queue." }),
  gauge("effect.queue.capacity", {
    ...sample,
    value: "capacity",
    description: "Number of items that the queue can hold."
  })
])
