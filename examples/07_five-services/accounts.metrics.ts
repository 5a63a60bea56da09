import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const AccountEvent = Schema.TaggedUnion({
  "account.loaded": { id: Schema.String }
})

export const AccountMetrics = Metric.module(import.meta.url, [
  Metric.counter("accounts.loaded", { events: AccountEvent, unit: "{account}" })
])
