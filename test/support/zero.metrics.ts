// Metrics whose series are known from the schema. Both threads import this module.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const SaveEvent = Schema.TaggedUnion({
  save: {
    outcome: Schema.Literals(["SUCCESS", "FAILURE"]),
    cached: Schema.optionalKey(Schema.Boolean),
    seconds: Schema.Number,
    user: Schema.String
  },
  load: { outcome: Schema.Literals(["SUCCESS", "MISSING"]) }
})

const saves = { events: SaveEvent, when: "save" } as const

export const Saves = Metric.counter("saves", { ...saves, labels: ["outcome"] })
export const SaveTimes = Metric.histogram("save.times", {
  ...saves,
  value: "seconds",
  boundaries: [1],
  labels: { result: "outcome" }
})

export const save = (outcome: "SUCCESS" | "FAILURE", seconds = 0.5): typeof SaveEvent.Type => ({
  _tag: "save",
  outcome,
  seconds,
  user: "u"
})
