/**
 * The page: takes updates, keeps what it shows up to date, and does what keys and clicks ask for.
 */
import { History, type MetricView } from "../internal/live/history.ts"
import type { LiveData, LiveRecorder } from "../internal/live/liveModel.ts"
import { clock } from "./chart.ts"
import { Detail } from "./detail.ts"
import { attribute, byId, write } from "./dom.ts"
import { matches, wordsOf } from "./filter.ts"
import { keyOf, makeOverview, type RecorderView } from "./overview.ts"
import { makeProblems } from "./problems.ts"
import { type Connection, listen } from "./updates.ts"

/** What the chart has room for, and what the small lines have: an update is a second. */
const ChartSeconds = 300
const SparkSeconds = 120

const history = new History(ChartSeconds)
const filter = byId<HTMLInputElement>("filter")
const pause = byId<HTMLButtonElement>("pause")
const place = byId("place")
const detailElement = byId("detail")

let recorders: ReadonlyArray<RecorderView> = []
let latest: LiveData | undefined
let connection: Connection = "connecting"
/** What came while the page was paused; `undefined`: it is not. */
let waiting: Array<LiveData> | undefined
let chosen: string | undefined = decodeChoice()

const detail = new Detail(detailElement, ChartSeconds)
const overview = makeOverview(byId("recorders"), SparkSeconds, choose)
const showProblems = makeProblems(byId("problems"), (metric) => {
  filter.value = ""
  choose(metric)
})

listen(
  (data) => {
    if (waiting === undefined) {
      take(data)
      show()
    } else {
      waiting.push(data)
      if (waiting.length > ChartSeconds) waiting.shift()
    }
  },
  (state) => {
    connection = state
    showStatus()
  }
)

function take(data: LiveData): void {
  const before = latest
  latest = data
  const views = history.add(data)
  recorders = data.recorders.map((recorder) => ({
    recorder,
    acceptedPerSecond: before === undefined ? 0 : acceptedPerSecond(recorder, data, before),
    metrics: views.filter(({ recorderId }) => recorderId === recorder.recorderId)
  }))
}

function acceptedPerSecond({ recorderId, stats }: LiveRecorder, { at }: LiveData, before: LiveData): number {
  const known = before.recorders.find((each) => each.recorderId === recorderId)
  if (known === undefined || at <= before.at) return 0
  return Math.max(0, ((stats.accepted - known.stats.accepted) / (at - before.at)) * 1000)
}

/** What passes the filter. A recorder without a metric that does is shown only when there is no filter. */
function filtered(): ReadonlyArray<RecorderView> {
  const words = wordsOf(filter.value)
  const all = recorders.map((each) => ({ ...each, metrics: each.metrics.filter((view) => matches(words, view)) }))
  return words.length === 0 ? all : all.filter(({ metrics }) => metrics.length > 0)
}

function show(): void {
  const shown = filtered()
  const metrics = shown.flatMap((each) => each.metrics)
  const view = metrics.find((each) => keyOf(each) === chosen) ?? metrics[0]
  write(byId("namespace"), latest?.namespace ?? "Metrics")
  document.title = latest === undefined ? "Metrics" : `${latest.namespace} · metrics`
  showStatus()
  showProblems(recorders)
  overview.show(shown, history, view === undefined ? undefined : keyOf(view))
  showNothing(metrics)
  if (view === undefined) {
    detail.hide()
    return
  }
  putDetail(keyOf(view))
  detail.show(view, history)
}

/** Beside the list where there is room, otherwise below the line of its metric. */
const narrow = matchMedia("(width < 60rem)")

function putDetail(key: string): void {
  const parent = narrow.matches ? (overview.lineOf(key) ?? place) : place
  if (detailElement.parentElement !== parent) parent.append(detailElement)
}

function showNothing(metrics: ReadonlyArray<MetricView>): void {
  const nothing = byId("nothing")
  const beyond = (latest?.recorderCount ?? 0) - recorders.length
  const text =
    metrics.length === 0 && filter.value.trim() !== ""
      ? "No metric passes the filter."
      : recorders.length === 0
        ? "There is no recorder yet."
        : beyond > 0
          ? `${beyond} more recorders are not shown.`
          : ""
  write(nothing, text)
  attribute(nothing, "hidden", text === "")
}

function showStatus(): void {
  const status = byId("status")
  const text = { connecting: "Connecting", live: "Live", lost: "Connection lost" }[connection]
  write(status, waiting === undefined ? text : "Paused")
  attribute(status, "data-state", waiting === undefined ? connection : "paused")
  write(byId("at"), latest === undefined ? "" : clock(latest.at / 1000))
}

function choose(key: string): void {
  chosen = key
  window.history.replaceState(null, "", `#${encodeURIComponent(key)}`)
  show()
  // What was open above it has closed.
  if (narrow.matches) overview.lineOf(key)?.scrollIntoView({ block: "nearest" })
}

function decodeChoice(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined
  } catch {
    return undefined
  }
}

/** Goes up or down the list. */
function step(by: 1 | -1): void {
  const keys = filtered().flatMap(({ metrics }) => metrics.map(keyOf))
  const at = Math.max(0, keys.indexOf(chosen ?? ""))
  const next = keys[Math.min(keys.length - 1, Math.max(0, chosen === undefined ? 0 : at + by))]
  if (next === undefined) return
  choose(next)
  overview.lineOf(next)?.querySelector("button")?.focus()
}

function togglePause(): void {
  const missed = waiting
  waiting = missed === undefined ? [] : undefined
  for (const data of missed ?? []) take(data)
  attribute(pause, "aria-pressed", String(waiting !== undefined))
  write(pause, waiting === undefined ? "Pause" : "Go on")
  show()
}

const keys: { readonly [key: string]: () => void } = {
  "/": () => filter.focus(),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  p: togglePause
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const writing = event.target === filter
  if (event.key === "Escape") {
    filter.value = ""
    filter.blur()
    show()
    return
  }
  const key = writing ? (event.key === "ArrowDown" ? keys.ArrowDown : undefined) : keys[event.key]
  if (key === undefined) return
  event.preventDefault()
  key()
})
filter.addEventListener("input", show)
pause.addEventListener("click", togglePause)
narrow.addEventListener("change", show)
