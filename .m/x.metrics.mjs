import { Schema } from "effect"
import { Metric } from "mvx-metrics/promise"
export const E = Schema.TaggedUnion({ req: { route: Schema.String, ms: Schema.Number } })
export const Reqs = Metric.counter("reqs", { events: E, when: "req", labels: ["route"], maxSeries: 60000 })
export const Dur = Metric.histogram("dur", { events: E, when: "req", value: "ms", labels: ["route"], boundaries: [1,5,10,50,100,500,1000,5000], maxSeries: 60000 })
