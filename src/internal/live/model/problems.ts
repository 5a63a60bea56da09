/**
 * Problems of recorders, metrics and the runtime, and the outcomes of its exports, as text for the live page and the
 * terminal.
 */
import type { ExportStats, RuntimeStats } from "../../model/runtimeStats.ts"
import { refusedFor } from "./flow.ts"
import { format, shortened } from "./format.ts"
import { overflowOf } from "./points.ts"
import type { LiveMetric, LiveRecorder } from "./update.ts"

/** The most severe first. */
const kinds = [
  "no data",
  "failed",
  "quarantined",
  "not saved",
  "not exported",
  "restarted",
  "overflow",
  "nearly full",
  "refused",
  "evicted",
  "rejected"
] as const

type ProblemKind = (typeof kinds)[number]

export interface Problem {
  readonly kind: ProblemKind
  /** The metric that has the problem; `undefined`: the recorder or the runtime has it. */
  readonly metric?: string
  /** The part of the runtime that has the problem. */
  readonly part?: string
  /** The problem, as the rest of a sentence that begins with the name. */
  readonly text: string
}

const count = (events: number): string => format(events, "count")

/** A number with its noun. */
const counted = (events: number, noun: string): string => `${count(events)} ${noun}${events === 1 ? "" : "s"}`

export const metricProblems = (metric: LiveMetric): ReadonlyArray<Problem> => {
  const { dimensions, kind, name, quarantine } = metric
  const overflow = overflowOf(dimensions)
  // Other metrics may show anything under this name.
  const rejected =
    kind === "custom" || kind === "derived" ? undefined : (dimensions as { rejected?: number } | null)?.rejected
  const examples = overflow?.examples.map((each) => shortened(String(each), 40)).join(", ")
  return problems([
    quarantine && ["quarantined", `missed ${counted(quarantine.missed, "event")}: ${quarantine.error}`],
    overflow && [
      "overflow",
      `has more series than its limit: the label “${overflow.label}” has ${counted(overflow.values, "value")}, such as ${examples}`
    ],
    rejected !== undefined && [
      "rejected",
      `left out ${counted(rejected, "measurement")} that are not finite, or negative for a counter`
    ]
  ]).map((each) => ({ ...each, metric: name }))
}

/** The share of a limit from which something counts as nearly full. */
const NearlyFull = 0.8

export const isNearlyFull = (used: number, limit: number): boolean => limit > 0 && used > limit * NearlyFull

export const recorderProblems = ({ error, metrics, stats }: LiveRecorder): ReadonlyArray<Problem> => {
  const { capacity, evicted, pending, refused } = stats
  const own = problems([
    error !== undefined && ["failed", `cannot be read: ${error}`],
    isNearlyFull(pending, capacity) && [
      "nearly full",
      `has ${count(pending)} events in flight; its capacity is ${count(capacity)}`
    ],
    refused > 0 && ["refused", `refused ${counted(refused, "event")}: ${refusals(stats).join(", ")}`],
    evicted > 0 && ["evicted", `dropped ${counted(evicted, "event")} to make room for newer ones`]
  ])
  return [...own, ...metrics.flatMap(metricProblems)].sort((left, right) => gravity(left) - gravity(right))
}

/** The problems of the runtime itself. */
export const runtimeProblems = ({
  cluster,
  durable,
  exports = [],
  memory,
  restarts = 0
}: Partial<RuntimeStats> = {}): ReadonlyArray<Problem> => {
  const bytes = (value: number): string => format(value, "value", "By")
  return problems([
    durable?.failure !== undefined && [
      "not saved",
      `a kill would lose ${counted(durable.unsaved, "event")}: ${durable.failure}`,
      "The state"
    ],
    ...exports.map(
      ({ exporter, failing, lastError }): Told =>
        failing !== undefined && ["not exported", `failed last: ${lastError?.message ?? failing}`, exporter]
    ),
    restarts > 0 && [
      "restarted",
      `ended and was replaced ${restarts === 1 ? "once" : `${count(restarts)} times`}`,
      "The worker"
    ],
    memory !== undefined &&
      isNearlyFull(memory.used, memory.limit) && [
        "nearly full",
        `has ${bytes(memory.used)} of events in it; its limit is ${bytes(memory.limit)}`,
        "The memory"
      ],
    cluster !== undefined &&
      cluster.silent > 0 && [
        "no data",
        `has ${count(cluster.silent)} of ${count(cluster.processes)} processes that did not answer in time`,
        "The cluster"
      ]
  ])
}

/** How many events were refused, by reason. */
export const refusals = ({ refusedBy }: LiveRecorder["stats"]): ReadonlyArray<string> =>
  refusedFor(refusedBy).map(([reason, events]) => `${count(events)} ${reason}`)

export const gravity = ({ kind }: Problem): number => kinds.indexOf(kind)

/** A problem, and the affected part of the runtime, if it exists. */
type Told = readonly [kind: ProblemKind, text: string, part?: string] | false | undefined

const problems = (all: ReadonlyArray<Told>): ReadonlyArray<Problem> =>
  all.flatMap((told) => {
    if (!told) return []
    const [kind, text, part] = told
    return [{ kind, text: shortened(text, 600), ...(part !== undefined && { part }) }]
  })

export interface ShownExport extends Pick<ExportStats, "exporter" | "failing" | "lastError"> {
  /** The rest of a sentence that begins with the exporter. */
  readonly text: string
}

export const shownExport = ({ failing, lastError, exporter, ...counts }: ExportStats): ShownExport => ({
  exporter,
  failing,
  text: [
    `${count(counts.delivered)} delivered`,
    ...(counts.partial === 0 ? [] : [`${count(counts.partial)} in part`]),
    ...(counts.failed === 0 ? [] : [`${count(counts.failed)} failed`]),
    ...(counts.rejectedPoints === 0 ? [] : [`${count(counts.rejectedPoints)} points rejected`])
  ].join(", "),
  lastError: lastError && { at: lastError.at, message: shortened(lastError.message, 600) }
})
