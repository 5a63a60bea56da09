/** `replay FILE`: what metrics show for captured events. */
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { familyOfAll } from "../internal/metric/unionFamily.ts"
import { InvalidLine } from "../MetricsError.ts"
import * as Replay from "../Replay.ts"
import { failed, harmless, harmlessJson, harmlessLines } from "./escapeControls.ts"
import { bytesOf, cannotRead } from "./files.ts"
import { metrics, optional, switchOf } from "./flags.ts"
import { exportedMetricsOf } from "./modules.ts"
import { recordingOf, replayTest } from "./replayTest.ts"
import { tablesOf } from "./tables.ts"

const refusal = (file: string, cause: Error): CliError.UserError => {
  if (cause instanceof PlatformError) return cannotRead(file, cause)
  return cause instanceof InvalidLine
    ? failed(
        `${file}: line ${cause.line} ${cause.reason}. Fix the line, or skip such lines with --skip-bad-lines`,
        cause
      )
    : failed(`${file}: ${cause.message}`, cause)
}

export const replay = Command.make(
  "replay",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription(
        'A file of events, one line of JSON each, or - for the standard input: {"at":1000,"event":{"_tag":"cache.lookup","hit":true}}'
      )
    ),
    metrics,
    recorder: optional(
      Flag.String("recorder"),
      "Read the events of the recorder with this id only, from a file of a flight recorder"
    ),
    json: switchOf("json", "Print the snapshots as a line of JSON"),
    asTest: switchOf(
      "as-test",
      "Print a vitest test with the events and the resulting metrics. For a flight recording of a failure, the test fails until the metric takes the events"
    ),
    skip: switchOf("skip-bad-lines", "Skip lines that are not events of the metrics, and report each one")
  },
  Effect.fn("replay")(function* ({ asTest, file, json, metrics: path, recorder, skip }) {
    const exported = yield* exportedMetricsOf(path)
    const metrics = exported.map(({ metric }) => metric)
    const family = familyOfAll(metrics.map(({ events }) => events))
    const bytes = yield* bytesOf(file)
    const refused = (cause: Error) => refusal(file, cause)
    const of = Option.isSome(recorder) ? { recorderId: recorder.value } : {}
    const eventsOf = <E>(chunks: Stream.Stream<Uint8Array | string, E>) =>
      skip
        ? Replay.fromNdjson(family, chunks, {
            ...of,
            onBadLine: ({ line, reason }) => Console.error(harmless(`skipped line ${line}, which ${reason}`))
          })
        : Replay.fromNdjson(family, chunks, of)
    if (asTest) {
      const text = yield* Effect.mapError(Stream.mkString(Stream.decodeText(bytes)), refused)
      const events = yield* Effect.mapError(Stream.runCollect(eventsOf(Stream.make(text))), refused)
      const recording = recordingOf(text)
      const name = recording?.metric
      const asked = exported.filter(({ metric }) => name === undefined || metric.name === name)
      if (asked.length === 0) {
        return yield* failed(
          `${file} is a recording of the metric ${harmlessJson(name)}, which ${path} does not export`
        )
      }
      const test = yield* Effect.mapError(replayTest(path, asked, events, recording), refused)
      return yield* Console.log(test)
    }
    const snapshots = yield* Effect.mapError(Replay.runStream(metrics, eventsOf(bytes)), refused)
    if (json) return yield* Console.log(harmlessJson(snapshots))
    yield* Console.log(harmlessLines(tablesOf(metrics, snapshots).join("\n\n")))
  })
).pipe(
  Command.withDescription("Runs captured events through the metrics of a module"),
  Command.withExamples([
    { command: "mvx-metrics replay events.ndjson --metrics ./cache.metrics.ts", description: "As tables" },
    {
      command: "mvx-metrics replay flight-1.ndjson --metrics ./cache.metrics.ts --as-test > flight.test.ts",
      description: "As a test that fails as the metric did"
    }
  ])
)
