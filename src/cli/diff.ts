/**
 * `diff OLD NEW`: what changes for those who have dashboards, rules and stored series of the old definitions.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { type Change, changeRules, inOrder, type Severity, severities } from "../internal/catalogue/changes.ts"
import { diffOf } from "../internal/catalogue/diff.ts"
import { messageOf } from "../internal/util/describeError.ts"
import type * as Metric from "../Metric.ts"
import { accept, acceptedIn, print } from "./accepted.ts"
import { cannotRead } from "./cannotRead.ts"
import { type Definitions, definitionsOf } from "./definitions.ts"
import { failed } from "./escapeControls.ts"
import { endWith, exitCodes } from "./exit.ts"
import { optional, switchOf } from "./flags.ts"
import { numberChanges, replayed } from "./numbers.ts"

const codeOf: { readonly [S in Severity]: number } = {
  breaking: exitCodes.grave,
  changed: exitCodes.notable,
  added: exitCodes.fine
}

const counted = (changes: ReadonlyArray<Change>): { readonly [S in Severity]: number } => {
  const count = (severity: Severity) => changes.filter((change) => change.severity === severity).length
  return { breaking: count("breaking"), changed: count("changed"), added: count("added") }
}

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

/** Both versions need their functions. */
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
  const stdio = yield* Stdio.Stdio
  const files = yield* FileSystem.FileSystem
  // The standard input can be read once.
  const bytes: Stream.Stream<Uint8Array, PlatformError> =
    file === "-" ? Stream.fromIterable(yield* Stream.runCollect(stdio.stdin)) : files.stream(file)
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
  Effect.fn("diff")(function* ({ accept, events, json, now: paths, old: path }) {
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
    const accepted = yield* acceptedIn(
      inOrder([...found, ...numbers]),
      ({ metric }) => metric,
      accept,
      Object.keys(changeRules)
    )
    const changes = accepted.items
    const counts = counted(changes)
    const sum = severities.map((severity) => `${counts[severity]} ${severity}`)
    yield* print(accepted, { json, name: "changes", counts, linesOf, sum })
    yield* endWith(Math.max(0, ...changes.map(({ severity }) => codeOf[severity])))
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
