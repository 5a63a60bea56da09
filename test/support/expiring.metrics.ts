// Metrics whose series expire after a minute. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const HitEvent = Schema.TaggedUnion({ hit: { page: Schema.String, n: Schema.Number } })
export type HitEvent = typeof HitEvent.Type

export const hit = (page: string, n = 1): HitEvent => ({ _tag: "hit", page, n })

const shared = { events: HitEvent, labels: ["page"], expireAfter: "1 minute" } as const

/** Created by a function, so that a test can have another definition of the same metric. */
export const makeHits = () => Metric.counter("hits", shared)
export const Hits = makeHits()
export const Few = Metric.counter("hits.few", { ...shared, maxSeries: 1 })
export const Sizes = Metric.histogram("hits.sizes", { ...shared, value: "n", boundaries: [2, 5] })
export const Spread = Metric.exponentialHistogram("hits.spread", { ...shared, value: "n" })
export const Pages = Metric.frequency("hits.pages", { ...shared, value: "page" })

export const expiring = [Hits, Few, Sizes, Spread, Pages] as const
