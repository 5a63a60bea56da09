/** The output of `watch` as lines of text: recorders with their accounting, their metrics, and problems. */

import { format } from "../internal/live/model/format.ts"
import type { History, MetricView, Row } from "../internal/live/model/history.ts"
import {
  gravity,
  metricProblems,
  type Problem,
  recorderProblems,
  refusals,
  runtimeProblems,
  shownExport
} from "../internal/live/model/problems.ts"
import type { LiveData, LiveRecorder } from "../internal/live/model/update.ts"
import { sparkText } from "./sparkline.ts"
import { cut, inWidth, widthOf } from "./width.ts"

export interface Screen {
  readonly columns: number
  /** The maximum number of lines. */
  readonly rows: number
  readonly color: boolean
  /** The maximum number of series per metric; the largest are shown. */
  readonly series: number
}

type Style = "bold" | "faint" | "bad" | "good"

const codes: { readonly [S in Style]: string } = { bold: "1", faint: "2", bad: "31", good: "32" }

/** A piece of a line. Styles have no width, so lines are cut before they are styled. */
type Piece = readonly [text: string, as?: Style]

const ValueWidth = 12
const CaptionWidth = 12
const LeastName = 10

/** `status`: the state of the connection, if it is not working. */
export const screenLines = (
  data: LiveData,
  views: ReadonlyArray<MetricView>,
  history: History,
  { color, columns, rows, series }: Screen,
  status?: string
): ReadonlyArray<string> => {
  const style = (text: string, as: Style | undefined): string =>
    color && as !== undefined ? `\u001b[${codes[as]}m${text}\u001b[0m` : text

  /** The pieces that fit. */
  const pieces = (...all: ReadonlyArray<Piece>): string => {
    let room = columns
    return all
      .map(([text, as]) => {
        const shown = cut(text, room)
        room -= widthOf(shown)
        return style(shown, as)
      })
      .join("")
  }

  // What does not fit is omitted completely: first the sparkline, then the caption after the value.
  const captionWidth = columns >= LeastName + ValueWidth + CaptionWidth + 2 ? CaptionWidth : 0
  const valueWidth = Math.min(ValueWidth, columns - LeastName - 1)
  const rest = columns - LeastName - valueWidth - captionWidth - (captionWidth > 0 ? 2 : 1)
  const sparkWidth = rest > 8 ? Math.min(24, rest - 1) : 0
  const nameWidth = LeastName + rest - (sparkWidth > 0 ? sparkWidth + 1 : 0)

  const line = (name: string, row: Row, { metric, recorderId, view }: MetricView, as: Style | undefined): string => {
    const { headline, spark } = view!
    const recent = spark.unit === headline.unit ? row.now(spark) : null
    const value = format(recent ?? headline.cell(row.point), headline.unit, metric.unit)
    const caption = spark.unit === headline.unit ? headline.name : format(row.now(spark), spark.unit, metric.unit)
    // A time uses the space of the caption.
    const isWide = captionWidth > 0 && widthOf(value) > valueWidth
    const shownValue = cut(value, isWide ? valueWidth + 1 + captionWidth : valueWidth)
    return [
      style(inWidth(name, nameWidth), as),
      ...(sparkWidth > 0 ? [sparkText(history.trace(recorderId, metric.name, row.key, spark), sparkWidth)] : []),
      " ".repeat(Math.max(0, valueWidth - widthOf(shownValue))) + shownValue,
      ...(captionWidth > 0 && !isWide ? [style(cut(caption, captionWidth), "faint")] : [])
    ].join(" ")
  }

  const metricLines = (view: MetricView, most: number): ReadonlyArray<string> => {
    const { metric, rows: all } = view
    const [first, ...others] = all
    const name = `  ${metric.name}`
    return [
      view.view === undefined || first === undefined
        ? pieces([name, "faint"])
        : line(first.labels.length === 0 ? name : `${name} ${labelsText(first)}`, first, view, undefined),
      ...metricProblems(metric).map(({ kind, text }) => pieces([`    ${kind}, ${text}`, "bad"])),
      ...others.slice(0, most).map((row) => line(`    ${labelsText(row)}`, row, view, "faint"))
    ]
  }

  const viewsOf = ({ recorderId }: LiveRecorder): ReadonlyArray<MetricView> =>
    views.filter((view) => view.recorderId === recorderId)

  const recorderLine = (recorder: LiveRecorder): string => pieces([recorder.recorderId, "bold"], ...account(recorder))

  const recorderLines = (recorder: LiveRecorder, most: number): ReadonlyArray<string> => [
    "",
    recorderLine(recorder),
    ...(recorder.error === undefined ? [] : [pieces([`  ${recorder.error}`, "bad"])]),
    ...viewsOf(recorder).flatMap((view) => metricLines(view, most))
  ]

  /** Problems first, then each recorder with as many of its metrics as fit. */
  const compact = (room: number): ReadonlyArray<string> => {
    const { recorders } = data
    const problems = recorders
      .flatMap((recorder) => recorderProblems(recorder).map((each): [string, Problem] => [recorder.recorderId, each]))
      .sort(([, left], [, right]) => gravity(left) - gravity(right))
      .map(([recorderId, { kind, metric, text }]) => {
        const subject = metric === undefined ? recorderId : `${metric} in ${recorderId}`
        return pieces([`${kind} `, "bad"], [subject], [` ${text}`, "faint"])
      })
    const top = problems.slice(0, Math.floor(room / 3))
    const sections = recorders.map((recorder) => [
      recorderLine(recorder),
      ...viewsOf(recorder).flatMap((view) => metricLines(view, 0))
    ])
    const lengths = sections.map(() => 1)
    let spare = room - top.length - sections.length
    for (let before = spare + 1; spare > 0 && spare < before; ) {
      before = spare
      for (const [i, { length }] of sections.entries()) {
        if (spare === 0 || lengths[i] === length) continue
        lengths[i]!++
        spare--
      }
    }
    const shown = [...top, ...sections.flatMap((lines, i) => lines.slice(0, lengths[i]))].slice(0, room)
    const left = problems.length + sections.reduce((sum, { length }) => sum + length, 0) - shown.length
    return [...shown, pieces([`… ${left} more lines`, "faint"])]
  }

  const head = pieces(
    [data.namespace, "bold"],
    ["  "],
    ...(status === undefined
      ? ([["●", "good"], [` ${new Date(data.at).toLocaleTimeString("en-GB")}`]] as const)
      : ([[status, "bad"]] as const))
  )
  const exports = (data.runtime?.exports ?? [])
    .slice(0, Math.max(1, Math.floor(rows / 8)))
    .flatMap((each): ReadonlyArray<string> => {
      const { exporter, failing, lastError, text } = shownExport(each)
      const state: Piece = failing === undefined ? ["exported ", "good"] : [`failed ${failing} `, "bad"]
      return [
        pieces(state, [exporter], [` ${text}`, "faint"]),
        ...(failing === undefined || lastError === undefined ? [] : [pieces([`  ${lastError.message}`, "bad"])])
      ]
    })
  // Failing exports are listed above.
  const runtime = runtimeProblems(data.runtime)
    .filter(({ kind }) => kind !== "not exported")
    .map(({ kind, part, text }) => pieces([`${kind} `, "bad"], [part ?? ""], [` ${text}`, "faint"]))
  const top = [...exports, ...runtime]
  const beyond = data.recorderCount - data.recorders.length
  const foot = beyond > 0 ? [pieces([`… ${beyond} more recorders`, "faint"])] : []
  for (const most of [series, 0]) {
    const lines = [head, ...top, ...data.recorders.flatMap((recorder) => recorderLines(recorder, most)), ...foot]
    if (lines.length <= rows) return lines
  }
  return [head, ...top, ...compact(rows - 2 - top.length - foot.length), ...foot]
}

const labelsText = ({ labels }: Row): string =>
  labels.map(([name, value]) => (name === "" ? value : `${name}=${value}`)).join(" ")

const account = ({ stats }: LiveRecorder): ReadonlyArray<Piece> => {
  const count = (value: number): string => format(value, "count")
  const { accepted, capacity, evicted, pending, refused, state } = stats
  return [
    [`  ${state}`],
    [`  accepted ${count(accepted)}`],
    refused > 0 ? [`  refused ${count(refused)} (${refusals(stats).join(", ")})`, "bad"] : ["  refused 0"],
    ...(evicted > 0 ? ([[`  evicted ${count(evicted)}`, "bad"]] as const) : []),
    [`  pending ${count(pending)} of ${count(capacity)}`]
  ]
}
