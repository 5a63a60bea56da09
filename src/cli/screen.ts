/**
 * What `watch` draws, as lines of text: recorders with their account of events, their metrics, and what is wrong.
 */
import { format } from "../internal/live/format.ts"
import type { History, MetricView, Row } from "../internal/live/history.ts"
import type { LiveData, LiveRecorder } from "../internal/live/liveModel.ts"
import { harmless } from "./harmless.ts"
import { sparkText } from "./sparkText.ts"

export interface Screen {
  readonly columns: number
  /** Most lines. */
  readonly rows: number
  readonly color: boolean
  /** Most series of a metric, the largest. */
  readonly series: number
}

type Style = "bold" | "faint" | "bad" | "good"

const codes: { readonly [S in Style]: string } = { bold: "1", faint: "2", bad: "31", good: "32" }

const SparkWidth = 24
const ValueWidth = 12
const CaptionWidth = 12

/** As wide as `width`, whatever is in it. */
const inWidth = (text: string, width: number): string => {
  const letters = Array.from(harmless(text))
  return letters.length <= width
    ? letters.join("") + " ".repeat(width - letters.length)
    : `${letters.slice(0, Math.max(0, width - 1)).join("")}…`
}

/** `status`: how the connection stands, where it does not. */
export const screenLines = (
  data: LiveData,
  views: ReadonlyArray<MetricView>,
  history: History,
  screen: Screen,
  status?: string
): ReadonlyArray<string> => {
  const style = (text: string, as: Style): string => (screen.color ? `\u001b[${codes[as]}m${text}\u001b[0m` : text)
  const clock = new Date(data.at).toLocaleTimeString("en-GB")
  const head = `${style(harmless(data.namespace), "bold")}  ${
    status === undefined ? `${style("●", "good")} ${clock}` : style(harmless(status), "bad")
  }`
  const nameWidth = Math.max(10, screen.columns - SparkWidth - ValueWidth - CaptionWidth - 3)

  const line = (name: string, row: Row, { metric, recorderId, view }: MetricView, as: Style | undefined): string => {
    const { headline, spark } = view!
    const recent = spark.unit === headline.unit ? row.now(spark) : null
    const value = format(recent ?? headline.cell(row.point), headline.unit, metric.unit)
    const caption = spark.unit === headline.unit ? headline.name : format(row.now(spark), spark.unit, metric.unit)
    const shownName = inWidth(name, nameWidth)
    return [
      as === undefined ? shownName : style(shownName, as),
      sparkText(history.trace(recorderId, metric.name, row.key, spark), SparkWidth),
      inWidth(value, ValueWidth).trimEnd().padStart(ValueWidth),
      style(inWidth(caption, CaptionWidth).trimEnd(), "faint")
    ].join(" ")
  }

  const metricLines = (view: MetricView): ReadonlyArray<string> => {
    const { metric, rows } = view
    const [first, ...others] = rows
    const name = `  ${metric.name}`
    const lines =
      view.view === undefined || first === undefined
        ? [style(inWidth(name, nameWidth), "faint")]
        : [line(first.labels.length === 0 ? name : `${name} ${labelsText(first)}`, first, view, undefined)]
    const series = others.slice(0, screen.series).map((row) => line(`    ${labelsText(row)}`, row, view, "faint"))
    const quarantine =
      metric.quarantine === undefined
        ? []
        : [
            style(
              inWidth(
                `    quarantined, ${format(metric.quarantine.missed, "count")} events missed: ${metric.quarantine.error}`,
                screen.columns
              ).trimEnd(),
              "bad"
            )
          ]
    return [...lines, ...quarantine, ...series]
  }

  const recorderLines = (recorder: LiveRecorder): ReadonlyArray<string> => [
    "",
    `${style(harmless(recorder.recorderId), "bold")}  ${accountText(recorder, style)}`,
    ...(recorder.error === undefined ? [] : [style(inWidth(`  ${recorder.error}`, screen.columns).trimEnd(), "bad")]),
    ...views.filter(({ recorderId }) => recorderId === recorder.recorderId).flatMap(metricLines)
  ]

  const lines = [head, ...data.recorders.flatMap(recorderLines)]
  if (lines.length <= screen.rows) return lines
  const shown = lines.slice(0, screen.rows - 1)
  return [...shown, style(`… ${lines.length - shown.length} more lines`, "faint")]
}

const labelsText = ({ labels }: Row): string =>
  labels.map(([name, value]) => (name === "" ? value : `${name}=${value}`)).join(" ")

const accountText = ({ stats }: LiveRecorder, style: (text: string, as: Style) => string): string => {
  const count = (value: number): string => format(value, "count")
  const { accepted, capacity, evicted, pending, refused, refusedBy, state } = stats
  const reasons = [
    ["overflow", refusedBy.overflow],
    ["invalid", refusedBy.invalid],
    ["not running", refusedBy.notRunning]
  ] as const
  const why = reasons.flatMap(([reason, events]) => (events > 0 ? [`${count(events)} ${reason}`] : [])).join(", ")
  return [
    state,
    `accepted ${count(accepted)}`,
    refused > 0 ? style(`refused ${count(refused)} (${why})`, "bad") : "refused 0",
    ...(evicted > 0 ? [style(`evicted ${count(evicted)}`, "bad")] : []),
    `pending ${count(pending)} of ${count(capacity)}`
  ].join("  ")
}
