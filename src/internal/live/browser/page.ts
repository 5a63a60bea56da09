/** The page: receives updates, keeps its contents up to date, and handles keys and clicks. */
import { shortened, visible } from "../model/format.ts"
import type { MetricView } from "../model/history.ts"
import { type Problem, runtimeProblems } from "../model/problems.ts"
import { clock } from "./chart.ts"
import { Detail } from "./detail.ts"
import { attribute, byId, write } from "./dom.ts"
import { makeExports } from "./exports.ts"
import { type Connection, Intake, listen } from "./intake.ts"
import { Overview } from "./overview.ts"
import { makeProblems } from "./problems.ts"
import { State } from "./state.ts"
import { keyOf, type RecorderView } from "./views.ts"

/** The capacity of the chart, with one update per second. */
const ChartSeconds = 300

const state = new State(ChartSeconds)
const { history } = state
const filter = byId<HTMLInputElement>("filter")
const pause = byId<HTMLButtonElement>("pause")
const place = byId("place")
const detailElement = byId("detail")

let connection: Connection = "connecting"
let chosen: string | undefined = decodeChoice()

const detail = new Detail(detailElement)
const overview = new Overview(byId("recorders"), choose)
const showProblems = makeProblems(byId("problems"), {
  metric: (key) => {
    setFilter("")
    choose(key)
    overview.lineOf(key)?.scrollIntoView({ block: "nearest" })
  },
  recorder: (recorderId) => {
    setFilter("")
    show()
    overview.reveal(recorderId)
  }
})
const showExports = makeExports(byId("exports"))

const intake = new Intake({
  begin: (head) => state.begin(head),
  recorder: (recorder) => state.recorder(recorder),
  end: () => state.end(),
  show
})
listen(
  (lines) => intake.take(lines),
  (now) => {
    connection = now
    showStatus()
    showAttention()
  }
)

function setFilter(text: string): void {
  filter.value = text
  state.filter(text)
}

function show(): void {
  const { filtered: shown, head: latest, recorders } = state
  const metrics = shown.flatMap((each) => each.metrics)
  const view = metrics.find((each) => keyOf(each) === chosen) ?? whatHasGone() ?? metrics[0]
  const gone = view !== undefined && !recorders.some((each) => each.metrics.includes(view))
  write(byId("namespace"), latest?.namespace ?? "Metrics")
  document.title = latest === undefined ? "Metrics" : visible(`${shortened(latest.namespace, 60)} · metrics`)
  showStatus()
  showAttention()
  showExports(latest?.runtime?.exports)
  overview.show({ recorders: shown, history, chosen: view === undefined ? undefined : keyOf(view) })
  showNothing(shown)
  if (view === undefined) {
    detail.hide()
    return
  }
  putDetail(keyOf(view))
  detail.show(view, history, gone)
}

function showAttention(): void {
  const { head, recorders } = state
  const lost: ReadonlyArray<Problem> =
    connection !== "lost" || head === undefined
      ? []
      : [{ kind: "no data", part: "The connection", text: `is lost: what is shown is of ${clock(head.at / 1000)}` }]
  showProblems([...lost, ...runtimeProblems(head?.runtime)], recorders)
}

/** The metric that was selected and shown and no longer exists, because its recorder was removed or cannot be read. */
function whatHasGone(): MetricView | undefined {
  const { shown } = detail
  if (shown === undefined || keyOf(shown) !== chosen) return undefined
  return state.recorders.some(({ metrics }) => metrics.some((each) => keyOf(each) === chosen)) ? undefined : shown
}

/** Beside the list if there is room, otherwise below the line of its metric. */
const narrow = matchMedia("(width < 60rem)")

function putDetail(key: string): void {
  const parent = narrow.matches ? (overview.lineOf(key) ?? place) : place
  if (detailElement.parentElement !== parent) parent.append(detailElement)
}

function showNothing(shown: ReadonlyArray<RecorderView>): void {
  const nothing = byId("nothing")
  const { head: latest, recorders } = state
  const beyond = (latest?.recorderCount ?? 0) - recorders.length
  const text =
    latest === undefined
      ? "Waiting for the first update."
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
  write(status, intake.paused ? "Paused" : text)
  attribute(status, "data-state", intake.paused ? "paused" : connection)
  write(byId("at"), state.head === undefined ? "" : clock(state.head.at / 1000))
}

function choose(key: string): void {
  chosen = key
  window.history.replaceState(null, "", `#${encodeURIComponent(key)}`)
  show()
  // On a narrow page, the metric that was open above it has closed.
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
  intake.pause(!intake.paused)
  attribute(pause, "aria-pressed", String(intake.paused))
  write(pause, intake.paused ? "Resume" : "Pause")
  showStatus()
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
    setFilter("")
    filter.blur()
    show()
    return
  }
  const key = writing ? (event.key === "ArrowDown" ? keys.ArrowDown : undefined) : keys[event.key]
  if (key === undefined) return
  event.preventDefault()
  key()
})
filter.addEventListener("input", () => {
  state.filter(filter.value)
  show()
})
pause.addEventListener("click", togglePause)
byId("skip").addEventListener("click", (event) => {
  // The fragment of the address contains the selection.
  event.preventDefault()
  detailElement.focus()
})
narrow.addEventListener("change", show)
