/** `diff OLD NEW`: what changes for existing dashboards, rules and stored series of the old definitions. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { type Change, changeRules, inOrder } from "../internal/catalogue/changes.ts"
import { diffOf } from "../internal/catalogue/diff.ts"
import { messageOf } from "../internal/util/describeError.ts"
import type * as Metric from "../Metric.ts"
import { type Definitions, definitionsOf } from "./definitions.ts"
import { failed } from "./escapeControls.ts"
import { bytesOf, cannotRead } from "./files.ts"
import { optional, switchOf } from "./flags.ts"
import { accept, exitCodes, tell } from "./found.ts"
import { numberChanges, replayed } from "./numbers.ts"

const linesOf = ({ code, message, metric, panels, rules, samples, severity }: Change): ReadonlyArray<string> => {
  const concerned = [
    ["in Prometheus", samples],
    ["panels", panels.map((title) => JSON.stringify(title))],
    ["rules", rules]
  ] as const
  const names = concerned.filter(([, all]) => all.length > 0).map(([what, all]) => `${what}: ${all.join(", ")}`)
  return [
    `${severity.padEnd(8)}  ${code}  ${metric} ${message}`,
    ...(names.length === 0 ? [] : [`${" ".repeat(10)}${names.join("; ")}`])
  ]
}

const telling = {
  name: "changes",
  codes: changeRules,
  exits: { breaking: exitCodes.grave, changed: exitCodes.notable, added: exitCodes.fine },
  nounOf: (severity: string) => severity,
  placeOf: ({ metric }: Change) => metric,
  linesOf
}

/** Comparing numbers requires the functions of both versions. */
const functionsOf = ({ metrics }: Definitions, which: string) =>
  metrics === undefined
    ? Effect.fail(failed(`--events: ${which} is a file of definitions, which has no functions. Pass a module`))
    : Effect.succeed(metrics)

const withNumbers = Effect.fnUntraced(function* (
  file: string,
  old: Definitions,
  now: Definitions,
  known: ReadonlyArray<Change>
) {
  const metrics = [yield* functionsOf(old, "OLD"), yield* functionsOf(now, "NEW")] as const
  const stream = yield* bytesOf(file)
  // The standard input can be read once.
  const bytes = file === "-" ? Stream.fromIterable(yield* Stream.runCollect(stream)) : stream
  const run = (metrics: ReadonlyArray<Metric.Any>) =>
    Effect.map(replayed(metrics, bytes), (all) => [metrics, all] as const)
  const before = yield* run(metrics[0])
  const after = yield* run(metrics[1])
  for (const [line, reason] of before[1].bad) {
    if (after[1].bad.has(line)) return yield* failed(`${file}: line ${line} ${reason}`)
  }
  return numberChanges(before, after, known)
})

export const diff = Command.make(
  "diff",
  {
    old: Argument.String("old").pipe(
      Argument.withDescription("A module that exports the old metrics, or a file of catalogue --json")
    ),
    now: Argument.String("new").pipe(
      Argument.withDescription("The modules that export the new metrics"),
      Argument.variadic({ min: 1 })
    ),
    events: optional(
      Flag.String("events"),
      "Also compare the numbers of captured events: a file as replay reads it, or - for the standard input"
    ),
    json: switchOf("json", "Print the changes as JSON"),
    accept
  },
  Effect.fn("diff")(function* ({ events, now: paths, old: path, ...flags }) {
    const old = yield* definitionsOf([path])
    const now = yield* definitionsOf(paths)
    const found = diffOf(old.described, now.described)
    const numbers = Option.isNone(events)
      ? []
      : yield* Effect.mapError(withNumbers(events.value, old, now, found), (cause) =>
          cause instanceof PlatformError
            ? cannotRead(events.value, cause)
            : "userMessage" in cause
              ? cause
              : failed(`${events.value}: ${messageOf(cause)}`, cause)
        )
    yield* tell(inOrder([...found, ...numbers]), telling, flags)
  })
).pipe(
  Command.withDescription("Shows what changes between two versions of definitions, and what it breaks"),
  Command.withExamples([
    { command: "mvx-metrics diff metrics.json ./save.metrics.ts", description: "Since the file was made" },
    {
      command: "mvx-metrics diff ./old.metrics.ts ./save.metrics.ts --events events.ndjson",
      description: "With the numbers of captured events"
    }
  ])
)
