/** `watch URL`: shows a live page in a terminal. */
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Terminal from "effect/Terminal"
import { History } from "../internal/live/model/history.ts"
import type { LiveData, LiveRecorder } from "../internal/live/model/update.ts"
import { messageOf } from "../internal/util/describeError.ts"
import { failed, harmlessJson, harmlessLines } from "./escapeControls.ts"
import { switchOf } from "./flags.ts"
import { type Screen, screenLines } from "./screen.ts"

/** The number of updates in a sparkline. */
const Length = 60

/** Why a server cannot be reached: the innermost of the nested errors. */
const reasonOf = (error: unknown): string => {
  let origin = error
  for (let next = error, i = 0; typeof next === "object" && next !== null && i < 10; i++) {
    origin = next
    const { cause, errors, reason } = next as { cause?: unknown; errors?: ReadonlyArray<unknown>; reason?: object }
    next = reason ?? cause ?? errors?.[0]
  }
  const { code } = origin as { readonly code?: unknown }
  const message = messageOf(origin)
  return typeof code === "string" && !message.includes(code) ? `${code}: ${message}` : message
}

/** Whether it has the shape of a live page's data. */
const isLiveData = (data: unknown): data is LiveData => {
  if (!Predicate.isObject(data)) return false
  const { at, namespace, recorders } = data as { readonly [K in keyof LiveData]?: unknown }
  return (
    typeof at === "number" && typeof namespace === "string" && Array.isArray(recorders) && recorders.every(isRecorder)
  )
}

const isRecorder = (recorder: unknown): boolean => {
  if (!Predicate.isObject(recorder)) return false
  const { metrics, recorderId, stats } = recorder as { readonly [K in keyof LiveRecorder]?: unknown }
  return typeof recorderId === "string" && Array.isArray(metrics) && Predicate.isObject(stats)
}

/** The current data. */
const ask = Effect.fnUntraced(
  function* (url: string): Effect.fn.Return<LiveData, unknown, HttpClient.HttpClient> {
    const response = yield* HttpClient.get(`${url.replace(/\/+$/, "")}/data`)
    const text = yield* response.text
    if (response.status !== 200) {
      return yield* failed(`${url} answered ${response.status}. Pass the URL of a live page`)
    }
    const data = yield* Effect.try({
      try: () => JSON.parse(text) as unknown,
      catch: (cause) => failed(`${url} is not the URL of a live page: its answer is not JSON`, cause)
    })
    if (!isLiveData(data)) return yield* failed(`${url} is not the URL of a live page`)
    return data
  },
  (answer, url) =>
    Effect.timeoutOrElse(answer, {
      duration: "5 seconds",
      orElse: () => Effect.fail(failed(`${url} cannot be read: it did not answer within 5 seconds`))
    }),
  (answer, url) =>
    Effect.mapError(answer, (cause) =>
      cause instanceof CliError.UserError ? cause : failed(`${url} cannot be read: ${reasonOf(cause)}`, cause)
    )
)

const everySecond = Schedule.spaced("1 second")

const json = (url: string, once: boolean) => {
  const print = Effect.flatMap(ask(url), (data) => Console.log(harmlessJson(data)))
  return once ? print : Effect.repeat(print, everySecond)
}

/** Redraws in place, on an alternate screen that disappears at the end. */
const draw = Effect.fnUntraced(function* (url: string, series: number) {
  const terminal = yield* Terminal.Terminal
  const history = new History(Length)
  let last: LiveData | undefined
  let views: ReturnType<History["add"]> = []
  const show = (lines: ReadonlyArray<string>) =>
    terminal.display(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`)
  const screen = Effect.gen(function* () {
    const [columns, rows] = [yield* terminal.columns, yield* terminal.rows]
    return { columns: Math.max(20, columns), rows: Math.max(5, rows), color: !process.env.NO_COLOR, series }
  })
  const update = Effect.matchEffect(ask(url), {
    // The server may be restarting, so the last data stays on the screen.
    onFailure: ({ message }) =>
      Effect.flatMap(screen, (size) =>
        show(last === undefined ? [harmlessLines(message)] : screenLines(last, views, history, size, message))
      ),
    onSuccess: (data) =>
      Effect.flatMap(screen, (size) => {
        last = data
        views = history.add(data)
        return show(screenLines(data, views, history, size))
      })
  })
  yield* Effect.acquireUseRelease(
    terminal.display("\u001b[?1049h\u001b[?25l"),
    () => Effect.repeat(update, everySecond),
    () => terminal.display("\u001b[?25h\u001b[?1049l")
  )
})

const printOnce = (url: string, series: number) =>
  Effect.flatMap(ask(url), (data) => {
    const history = new History(Length)
    const screen: Screen = { columns: 100, rows: Number.POSITIVE_INFINITY, color: false, series }
    return Console.log(screenLines(data, history.add(data), history, screen).join("\n"))
  })

export const watch = Command.make(
  "watch",
  {
    url: Argument.String("url").pipe(
      Argument.withDescription("The URL of a live page: http://localhost:3000/metrics/live")
    ),
    json: switchOf("json", "Print one line of JSON for each update"),
    once: switchOf("once", "Print one update, then exit"),
    series: Flag.Int("series").pipe(
      Flag.withDescription("Maximum number of series shown per metric, largest first"),
      Flag.withDefault(4)
    )
  },
  Effect.fn("watch")(function* ({ json: asJson, once, series, url }) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
      return yield* failed(`${url} is not a URL. Pass that of a live page: http://localhost:3000/metrics/live`)
    }
    // Without a terminal there is nothing to redraw.
    if (asJson) yield* json(url, once)
    else if (once || process.stdout.isTTY !== true) yield* printOnce(url, series)
    else yield* draw(url, series)
  }, Effect.provide(FetchHttpClient.layer))
).pipe(
  Command.withDescription("Draws the metrics of a running process, once a second"),
  Command.withExamples([
    { command: "mvx-metrics watch http://localhost:3000/metrics/live", description: "Until Ctrl-C" },
    { command: "mvx-metrics watch URL --json --once", description: "For a script" }
  ])
)
