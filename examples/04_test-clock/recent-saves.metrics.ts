// A metric over a window of time: the number of documents saved in the last minute.
import { Record, Schema } from "effect"
import { Metric } from "mvx-metrics"

export const DocumentEvent = Schema.TaggedUnion({ "document.saved": { id: Schema.String } })

const toSecond = (millis: number): number => Math.floor(millis / 1000)

/** Counts per second, without those outside the window of sixty seconds. */
const inWindow = (counts: { readonly [second: string]: number }, now: number) =>
  Record.filter(counts, (_, second) => +second > toSecond(now) - 60)

// `at` is when the event was emitted and `now` when the metric is read: a metric needs no clock of its own.
export const RecentSaves = Metric.make("document.recent_saves", {
  events: DocumentEvent,
  initial: {} as { readonly [second: string]: number },
  reduce: {
    "document.saved": (counts, _event, at) => {
      const second = toSecond(at)
      return { ...inWindow(counts, at), [second]: (counts[second] ?? 0) + 1 }
    }
  },
  view: (counts, now) => ({ last_minute: Object.values(inWindow(counts, now)).reduce((sum, count) => sum + count, 0) })
})

export const DocumentMetrics = Metric.module(import.meta.url, [RecentSaves])
