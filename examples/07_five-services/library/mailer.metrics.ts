import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const MailEvent = Schema.TaggedUnion({
  "mail.sent": { bytes: Schema.Number }
})

export const MailMetrics = Metric.module(import.meta.url, [
  Metric.counter("mails.sent", { events: MailEvent, unit: "{mail}" }),
  Metric.counter("mails.size", { events: MailEvent, value: "bytes", unit: "By" })
])
