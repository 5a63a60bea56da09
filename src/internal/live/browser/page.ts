/**
 * The page: takes updates, keeps what it shows up to date, and does what keys and clicks ask for.
 */
import { shortened, visible } from "../model/format.ts"
import { History, type MetricView } from "../model/history.ts"
import type { LiveData, LiveRecorder } from "../model/update.ts"
import { clock } from "./chart.ts"
import { Detail } from "./detail.ts"
import { attribute, byId, write } from "./dom.ts"
import { makeExports } from "./exports.ts"
import { matches, matchesRecorder, wordsOf } from "./filter.ts"
import { Overview } from "./overview.ts"
import { makeProblems } from "./problems.ts"
import { type Connection, listen } from "./updates.ts"
import { keyOf, type RecorderView } from "./views.ts"

/** What the chart has room for: an update is a second. */
const ChartSeconds = 300

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
const overview = new Overview(byId("recorders"), choose)
const showProblems = makeProblems(byId("problems"), {
  metric: (key) => {
    filter.value = ""
    choose(key)
    overview.lineOf(key)?.scrollIntoView({ block: "nearest" })
  },
  recorder: (recorderId) => {
    filter.value = ""
    show()
    overview.reveal(recorderId)
  }
})
const showExports = makeExports(byId("exports"))

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

/** What passes the filter: metrics, each with its recorder, and recorders that pass by themselves. */
function filtered(): ReadonlyArray<RecorderView> {
  const words = wordsOf(filter.value)
  if (words.length === 0) return recorders
  return recorders
    .map((each) => ({ ...each, metrics: each.metrics.filter((view) => matches(words, view)) }))
    .filter(({ metrics, recorder }) => metrics.length > 0 || matchesRecorder(words, recorder))
}

function show(): void {
  const shown = filtered()
  const metrics = shown.flatMap((each) => each.metrics)
  const view = metrics.find((each) => keyOf(each) === chosen) ?? whatHasGone() ?? metrics[0]
  const gone = view !== undefined && !recorders.some((each) => each.metrics.includes(view))
  write(byId("namespace"), latest?.namespace ?? "Metrics")
  document.title = latest === undefined ? "Metrics" : visible(`${shortened(latest.namespace, 60)} · metrics`)
  showStatus()
  showProblems(recorders)
  showExports(latest?.exports ?? [])
  overview.show({ recorders: shown, history, chosen: view === undefined ? undefined : keyOf(view) })
  showNothing(shown)
  if (view === undefined) {
    detail.hide()
    return
  }
  putDetail(keyOf(view))
  detail.show(view, history, gone)
}

/** What was chosen and shown, and is there no more: its recorder was removed, or cannot be read. */
function whatHasGone(): MetricView | undefined {
  const { shown } = detail
  if (shown === undefined || keyOf(shown) !== chosen) return undefined
  return recorders.some(({ metrics }) => metrics.some((each) => keyOf(each) === chosen)) ? undefined : shown
}

/** Beside the list where there is room, otherwise below the line of its metric. */
const narrow = matchMedia("(width < 60rem)")

function putDetail(key: string): void {
  const parent = narrow.matches ? (overview.lineOf(key) ?? place) : place
  if (detailElement.parentElement !== parent) parent.append(detailElement)
}

function showNothing(shown: ReadonlyArray<RecorderView>): void {
  const nothing = byId("nothing")
  const beyond = (latest?.recorderCount ?? 0) - recorders.length
  const text =
    latest === undefined
      ? ""
      : recorders.length === 0
        ? "There is no recorder yet."
        : shown.length === 0
          ? "No metric passes the filter."
          : beyond > 0
            ? `${beyond} more recorders are not sent to the page: the option maxRecorders limits them.`
            : ""
  write(nothing, text)
  attribute(nothing, "hidden", text === "")
  attribute(byId("recorders"), "hidden", shown.length === 0)
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
  // What was open above it on a narrow page has closed.
  if (narrow.matches) overview.lineOf(key)?.scrollIntoView({ block: "nearest" })
}

function decodeChoice(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined
  } catch {
    return undefined
  }
}

function togglePause(): void {
  const missed = waiting
  waiting = missed === undefined ? [] : undefined
  for (const data of missed ?? []) take(data)
  attribute(pause, "aria-pressed", String(waiting !== undefined))
  write(pause, waiting === undefined ? "Pause" : "Resume")
  show()
}

const keys: { readonly [key: string]: () => void } = {
  "/": () => filter.focus(),
  ArrowDown: () => overview.step(1),
  ArrowUp: () => overview.step(-1),
  ArrowRight: () => overview.open(true),
  ArrowLeft: () => overview.open(false),
  j: () => overview.step(1),
  k: () => overview.step(-1),
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
byId("skip").addEventListener("click", (event) => {
  // The part of the address behind # is what was chosen.
  event.preventDefault()
  detailElement.focus()
})
narrow.addEventListener("change", show)
