/**
 * What is wrong with recorders and metrics, for the top of the live page, its details and the terminal.
 */
import { format, shortened } from "./format.ts"
import { overflowOf } from "./points.ts"
import type { LiveMetric, LiveRecorder } from "./update.ts"

/** The gravest first. */
const kinds = ["failed", "quarantined", "overflow", "refused", "evicted", "rejected"] as const

export type ProblemKind = (typeof kinds)[number]

export interface Problem {
  readonly kind: ProblemKind
  /** The metric that has the problem; `undefined`: the recorder has it. */
  readonly metric?: string
  /** What is wrong, as the rest of a sentence that begins with the name. */
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
  return [
    ...(quarantine === undefined
      ? []
      : [problem("quarantined", `missed ${counted(quarantine.missed, "event")}: ${quarantine.error}`, name)]),
    ...(overflow === undefined
      ? []
      : [
          problem(
            "overflow",
            `has more series than its limit: the label “${overflow.label}” has ${counted(overflow.values, "value")}, such as ${overflow.examples
              .map((each) => shortened(String(each), 40))
              .join(", ")}`,
            name
          )
        ]),
    ...(rejected === undefined
      ? []
      : [
          problem(
            "rejected",
            `left out ${counted(rejected, "measurement")} that are not finite, or negative for a counter`,
            name
          )
        ])
  ]
}

export const recorderProblems = ({ error, metrics, stats }: LiveRecorder): ReadonlyArray<Problem> => {
  const { evicted, refused } = stats
  return [
    ...(error === undefined ? [] : [problem("failed", `cannot be read: ${error}`)]),
    ...metrics.flatMap(metricProblems),
    ...(refused === 0
      ? []
      : [problem("refused", `refused ${counted(refused, "event")}: ${refusals(stats).join(", ")}`)]),
    ...(evicted === 0 ? [] : [problem("evicted", `dropped ${counted(evicted, "event")} to make room for newer ones`)])
  ].sort((left, right) => gravity(left) - gravity(right))
}

/** How many events were refused, by reason. */
export const refusals = ({ refusedBy }: LiveRecorder["stats"]): ReadonlyArray<string> =>
  (
    [
      ["overflow", refusedBy.overflow],
      ["invalid", refusedBy.invalid],
      ["not running", refusedBy.notRunning]
    ] as const
  ).flatMap(([reason, events]) => (events > 0 ? [`${count(events)} ${reason}`] : []))

export const gravity = ({ kind }: Problem): number => kinds.indexOf(kind)

const problem = (kind: ProblemKind, text: string, metric?: string): Problem => ({
  kind,
  text: shortened(text, 600),
  ...(metric !== undefined && { metric })
})
