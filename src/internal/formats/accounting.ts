/**
 * The library's own metrics, as data of exporters like any other. All names begin with `mvx_metrics.`; the attributes
 * `namespace` and `recorder` identify their origin.
 */
import type { ExportStats, RuntimeStats } from "../model/runtimeStats.ts"
import type { Attributes, MetricData, NumberPoint } from "./metricData.ts"
import type { Accounting } from "./packedStats.ts"
import { conditionData } from "./quarantine.ts"
import { type Family, family, NamespaceAttribute, selfDataOf } from "./recorderAttribute.ts"

/** What is shown for each recorder: a number, or one for each `reason`. */
const accounting: ReadonlyArray<
  readonly [family: Family, of: (accounting: Accounting) => number | { readonly [reason: string]: number }]
> = [
  [family("events.accepted", "{event}", true, "Events that recorders accepted."), ({ accepted }) => accepted],
  [
    family("events.refused", "{event}", true, "Events that recorders refused, by reason."),
    ({ refusedBy: { notRunning, ...others } }) => ({ ...others, not_running: notRunning })
  ],
  [family("events.applied", "{event}", true, "Events that at least one metric took."), ({ applied }) => applied],
  [family("events.ignored", "{event}", true, "Events that no metric took."), ({ ignored }) => ignored],
  [family("events.evicted", "{event}", true, "Events that drop-oldest evicted."), ({ evicted }) => evicted],
  [family("events.pending", "{event}", false, "Events accepted and not yet folded."), ({ pending }) => pending],
  [family("events.capacity", "{event}", false, "Maximum number of pending events."), ({ capacity }) => capacity],
  [
    family("recorder.failed", "{recorder}", false, "Whether the recorder failed: 1, or 0."),
    ({ failed }) => (failed ? 1 : 0)
  ]
]

/** What is shown for each runtime, if it applies. */
const ofRuntime: ReadonlyArray<readonly [family: Family, of: (stats: Partial<RuntimeStats>) => number | undefined]> = [
  [family("recorders", "{recorder}", false, "Recorders of the runtime."), ({ recorders }) => recorders],
  [family("worker.restarts", "{restart}", true, "How often an ended worker was replaced."), ({ restarts }) => restarts],
  [
    family("memory.used", "By", false, "Memory that holds events and commands not yet folded, in whole pages."),
    ({ memory }) => memory?.used
  ],
  [
    family("memory.limit", "By", false, "Maximum memory for events not yet folded. When it is full, events wait."),
    ({ memory }) => memory?.limit
  ],
  [
    family("types.used", "{type}", false, "Row types in use: one for each layout of events."),
    ({ types }) => types?.used
  ],
  [family("types.limit", "{type}", false, "Maximum number of row types."), ({ types }) => types?.limit],
  [
    family("strings.used", "{string}", false, "Strings of events with a lasting place in the dictionary."),
    ({ strings }) => strings?.used
  ],
  [
    family("strings.limit", "{string}", false, "Maximum number of such strings. Beyond it, strings take turns."),
    ({ strings }) => strings?.limit
  ],
  [
    family("store.saved", "s", false, "Time of the last write of the counts to the store, as a Unix time."),
    ({ store }) => store?.savedAt && store.savedAt / 1000
  ],
  [
    family("store.unsaved", "{event}", false, "Events accepted after the store was last written to."),
    ({ store }) => store?.unsaved
  ],
  [family("store.failures", "{write}", true, "Writes to the store that failed."), ({ store }) => store?.failures],
  [
    family("state.saved", "s", false, "When the durable state was last written, as a Unix time."),
    ({ durable }) => durable?.savedAt && durable.savedAt / 1000
  ],
  [
    family("state.unsaved", "{event}", false, "Events accepted after the durable state was last written."),
    ({ durable }) => durable?.unsaved
  ],
  [
    family("state.failures", "{write}", true, "Writes of the durable state that failed."),
    ({ durable }) => durable?.failures
  ],
  [
    family("state.discarded", "{metric}", true, "Metrics whose durable state was not kept, or not used in full."),
    ({ durable }) => durable?.discarded
  ],
  [family("stream.events", "{event}", true, "Events appended to the store of events."), ({ stream }) => stream?.events],
  [
    family("stream.kept", "By", false, "Memory for events that are kept for the store of events."),
    ({ stream }) => stream?.kept.used
  ],
  [
    family(
      "stream.kept.limit",
      "By",
      false,
      "Maximum memory for events kept for the store. At the limit the overflow policy of the stream applies."
    ),
    ({ stream }) => stream?.kept.limit
  ],
  [
    family(
      "stream.dropped",
      "{event}",
      true,
      "Events that were not appended to the store of events for lack of memory."
    ),
    ({ stream }) => stream?.dropped
  ],
  [
    family("stream.failures", "{append}", true, "Attempts to append events to their store that failed."),
    ({ stream }) => stream?.failures
  ],
  [family("cluster.processes", "{process}", false, "Processes of the cluster."), ({ cluster }) => cluster?.processes],
  [
    family("cluster.processes.silent", "{process}", false, "Processes that did not answer the last report in time."),
    ({ cluster }) => cluster?.silent
  ],
  [
    family("cluster.processes.ended", "{process}", true, "Processes of the cluster that have ended."),
    ({ cluster }) => cluster?.ended
  ],
  [
    family("cluster.age", "s", false, "Age of the oldest states in the last report."),
    ({ cluster }) => cluster && cluster.age / 1000
  ]
]

/** What is shown for each exporter that counts its exports. */
const ofExporter: ReadonlyArray<
  readonly [family: Family, of: (stats: ExportStats) => ReadonlyArray<readonly [Attributes, number]>]
> = [
  [
    family("exports", "{export}", true, "Exports by outcome: delivered, partial or failed."),
    ({ delivered, failed, partial }) =>
      Object.entries({ delivered, partial, failed }).map(([outcome, value]) => [{ outcome }, value])
  ],
  [
    family("exports.failing", "{exporter}", false, "Whether the last export failed: 1 with its reason, or 0."),
    ({ failing }) => [failing === undefined ? [{}, 0] : [{ reason: failing }, 1]]
  ],
  [
    family("points.rejected", "{point}", true, "Points that a receiver rejected for good."),
    ({ rejectedPoints }) => [[{}, rejectedPoints]]
  ]
]

const exportsData = (attributes: Attributes, exports: ReadonlyArray<ExportStats>): ReadonlyArray<MetricData> =>
  ofExporter.map(([family, of]) =>
    selfDataOf(
      family,
      exports.flatMap((stats) =>
        of(stats).map(([own, value]) => ({ attributes: { ...attributes, exporter: stats.exporter, ...own }, value }))
      )
    )
  )

const foldLag = family("fold.lag", "s", undefined, "How long the fold took to reach the last read.")

export const accountingData = (
  recorders: ReadonlyArray<{ readonly attributes: Attributes; readonly stats: Accounting }>
): ReadonlyArray<MetricData> =>
  accounting.map(([family, of]) =>
    selfDataOf(
      family,
      recorders.flatMap(({ attributes, stats }): ReadonlyArray<NumberPoint> => {
        const told = of(stats)
        return typeof told === "number"
          ? [{ attributes, value: told }]
          : Object.entries(told).map(([reason, value]) => ({ attributes: { ...attributes, reason }, value }))
      })
    )
  )

/** How full a runtime is, and how long its fold took to reach the last read, as far as that is known. */
export const runtimeData = (
  namespace: string,
  stats: Partial<RuntimeStats> | undefined,
  lag: number | undefined
): ReadonlyArray<MetricData> => {
  const attributes = { [NamespaceAttribute]: namespace }
  const usage = stats === undefined ? [] : ofRuntime.map(([family, of]) => [family, of(stats)] as const)
  return [
    ...[...usage, [foldLag, lag] as const].flatMap(([family, value]) =>
      value === undefined ? [] : [selfDataOf(family, [{ attributes, value }])]
    ),
    ...(stats?.exports === undefined ? [] : exportsData(attributes, stats.exports))
  ]
}

/** All of the library's own metrics, without points. */
export const emptySelfData: ReadonlyArray<MetricData> = [
  ...accountingData([]),
  ...conditionData([], {}).map((data): MetricData => ({ ...data, points: [] }) as MetricData),
  ...[...ofRuntime.map(([family]) => family), foldLag].map((family) => selfDataOf(family, [])),
  ...exportsData({}, [])
]
