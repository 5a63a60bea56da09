/** The report as a runtime that exporters read. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Merged, type MergedRuntimeOptions, mergedRuntime } from "../merging/mergedRuntime.ts"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import { noCounts, type Stats } from "../model/stats.ts"
import type { RuntimeService } from "../runtime/service.ts"
import type { EventCounts } from "./eventCounts.ts"
import type { StreamReport, StreamTotal } from "./report.ts"

interface ReportRuntimeOptions extends Omit<MergedRuntimeOptions, "merged"> {
  readonly report: Effect.Effect<StreamReport, MetricsStoreError>
  /** How long a process may append nothing before it counts as silent, in milliseconds. */
  readonly silentMillis: number
}

/** While the store cannot be used, exporters are shown the last report. */
export const reportRuntime = (options: ReportRuntimeOptions): Effect.Effect<RuntimeService, never, Scope.Scope> => {
  const { begun, log, report, silentMillis } = options
  let last: StreamReport = { at: begun, recorders: {}, sources: [], ended: 0, leftOut: [] }
  let isFailing = false
  const shown = Effect.matchEffect(report, {
    onSuccess: (found) => {
      last = found
      isFailing = false
      return Effect.void
    },
    onFailure: ({ message }) => {
      const isNew = !isFailing
      isFailing = true
      return isNew ? log.warning(`exporters show an earlier report: ${message}`) : Effect.void
    }
  })
  return mergedRuntime({ ...options, merged: Effect.map(shown, () => shownOf(last, silentMillis)) })
}

const shownOf = ({ at, ended, others, recorders, sources }: StreamReport, silentMillis: number): Merged => ({
  at,
  recorders: Object.fromEntries(Object.entries(recorders).map(([id, total]) => [id, totalOf(total)])),
  ...(others && {
    others: { ...others, stats: statsOf(others.events) }
  }),
  stats: {
    processes: sources.length,
    silent: sources.filter(({ age }) => age > silentMillis).length,
    ended,
    age: sources.reduce((oldest, { age }) => Math.max(oldest, age), 0)
  }
})

const totalOf = ({ createdAt, events, processes, snapshots }: StreamTotal): Merged["recorders"][string] => ({
  snapshots,
  createdAt,
  processes,
  stats: statsOf(events)
})

/** Refused events are not in any stream. */
const statsOf = ({ applied, evicted, ignored, missed }: EventCounts): Stats => ({
  ...noCounts,
  state: "Running",
  offered: applied + ignored + evicted + missed,
  accepted: applied + ignored + evicted + missed,
  applied,
  ignored: ignored + missed,
  evicted
})
