/**
 * What the library counts of itself, as data of exporters like any other. All names begin with `mvx_metrics.`; the
 * attributes `namespace` and `recorder` say whose it is.
 */
import type { Attributes, MetricData, NumberPoint } from "./metricData.ts"
import type { Accounting } from "./packedStats.ts"
import { conditionData } from "./quarantine.ts"
import { type Family, family, NamespaceAttribute, selfDataOf } from "./recorderAttribute.ts"

/** What is told of each recorder: a number, or one for each `reason`. */
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

const foldLag = family("fold.lag", "s", undefined, "How long the fold took to reach the last read.")

/** The accounting of recorders. */
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

/** How long the fold took to come to the last read, where that is known. */
export const foldLagData = (namespace: string, seconds: number | undefined): ReadonlyArray<MetricData> =>
  seconds === undefined
    ? []
    : [selfDataOf(foldLag, [{ attributes: { [NamespaceAttribute]: namespace }, value: seconds }])]

/** All that the library can say of itself, without the points. */
export const emptySelfData: ReadonlyArray<MetricData> = [
  ...accountingData([]),
  ...conditionData([], {}).map((data): MetricData => ({ ...data, points: [] }) as MetricData),
  selfDataOf(foldLag, [])
]
