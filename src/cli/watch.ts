/**
 * `watch URL`: what a live page shows, in a terminal.
 */
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Schedule from "effect/Schedule"
import * as Terminal from "effect/Terminal"
import { describeError } from "../internal/describeError.ts"
import { History } from "../internal/live/history.ts"
import type { LiveData } from "../internal/live/liveModel.ts"
import { type Screen, screenLines } from "./screen.ts"

/** Updates that the small lines have room for. */
const Length = 60

const failed = (userMessage: string, cause?: unknown): CliError.UserError =>
  new CliError.UserError({ cause: cause ?? userMessage, userMessage })

/** The JSON of one moment, as it came and read. */
const ask = (
  url: string
): Effect.Effect<readonly [text: string, data: LiveData], CliError.UserError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const response = yield* HttpClient.get(`${url.replace(/\/+$/, "")}/data`)
    const text = yield* response.text
    if (response.status !== 200) {
      return yield* failed(`${url} answers ${response.status}: is it the URL of a live page?`)
    }
    const data = yield* Effect.try({ try: () => JSON.parse(text) as LiveData, catch: (cause) => cause })
    if (!Array.isArray(data.recorders)) return yield* failed(`${url} is not the URL of a live page`)
    return [text.trim(), data] as const
  }).pipe(
    Effect.timeout("5 seconds"),
    Effect.mapError((cause) =>
      cause instanceof CliError.UserError ? cause : failed(`${url} cannot be read: ${describeError(cause)}`, cause)
    )
  )

const everySecond = Schedule.spaced("1 second")

const json = (url: string, once: boolean) => {
  const print = Effect.flatMap(ask(url), ([text]) => Console.log(text))
  return once ? print : Effect.repeat(print, everySecond)
}

/** Draws over what was drawn, on a screen of its own that goes when it ends. */
const draw = (url: string, series: number) =>
  Effect.gen(function* () {
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
      // It may be starting again: what was seen last stays.
      onFailure: ({ message }) =>
        Effect.flatMap(screen, (size) =>
          show(last === undefined ? [message] : screenLines(last, views, history, size, message))
        ),
      onSuccess: ([, data]) =>
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
  Effect.flatMap(ask(url), ([, data]) => {
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
    json: Flag.Boolean("json").pipe(Flag.withDescription("One line of JSON for each update"), Flag.withDefault(false)),
    once: Flag.Boolean("once").pipe(Flag.withDescription("One update, then end"), Flag.withDefault(false)),
    series: Flag.Int("series").pipe(Flag.withDescription("Most series of a metric, the largest"), Flag.withDefault(4))
  },
  Effect.fn("watch")(function* ({ json: asJson, once, series, url }) {
    // Where nobody looks there is nothing to draw over.
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
