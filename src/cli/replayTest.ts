/**
 * `replay FILE --as-test`: generates a test that passes captured events to the metrics of a module. For a flight
 * recording of one metric, it fails as long as the metric fails.
 */
import { relative, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { familyOfAll } from "../internal/metric/unionFamily.ts"
import { type Captured, isRecordingHeader, lineWriter, type RecordingHeader } from "../internal/replay/ndjson.ts"
import type { InvalidArgument, InvalidLine } from "../MetricsError.ts"
import * as Replay from "../Replay.ts"
import { harmless, harmlessEscapes, harmlessJson } from "./escapeControls.ts"
import { literal } from "./literal.ts"
import { type ExportedMetric, isOwnModule } from "./modules.ts"

type Recording = RecordingHeader["recording"]

/** The header of a file, if it is a flight recording. */
export const recordingOf = (text: string): Recording | undefined => {
  const end = text.indexOf("\n")
  try {
    const json: unknown = JSON.parse(end < 0 ? text : text.slice(0, end))
    return isRecordingHeader(json) ? json.recording : undefined
  } catch {
    return undefined
  }
}

const headline = ({ at, metric, namespace, reason, recorderId, sequence }: Recording): string => {
  const of = [
    ...(metric === undefined ? [] : [`of the metric ${JSON.stringify(metric)}`]),
    ...(recorderId === undefined ? [] : [`in the recorder ${JSON.stringify(recorderId)}`]),
    ...(sequence === undefined ? [] : [`at event ${sequence}`])
  ]
  const when = Number.isFinite(at) ? new Date(at).toISOString() : "an unknown time"
  return `A flight recording of ${namespace}, ${when}: ${[reason, ...of].join(" ")}`
}

/** Escaped for a template literal. */
const escaped = (text: string): string => text.replaceAll(/[\\`]|\$(?=\{)/g, (character) => `\\${character}`)

/** The source of the test. `metrics`: the one that the recording names, or all. */
export const replayTest = Effect.fnUntraced(function* (
  module: string,
  metrics: ReadonlyArray<ExportedMetric>,
  captured: ReadonlyArray<Captured>,
  recording: Recording | undefined
): Effect.fn.Return<string, InvalidArgument | InvalidLine> {
  const known = captured.filter(({ event }) =>
    metrics.some(({ metric }) => Object.hasOwn(metric.events.cases, event._tag))
  )
  const write = lineWriter(familyOfAll(metrics.map(({ metric }) => metric.events)))
  const lines = known.flatMap((each) => {
    const line = write(each)
    return Result.isSuccess(line) ? [harmlessEscapes(line.success.trimEnd())] : []
  })
  const tests = yield* Effect.forEach(metrics, (each) => testOf(each, known, lines, recording?.metric !== undefined))
  const path = isOwnModule(module) ? module : relative(process.cwd(), resolve(module)).replaceAll("\\", "/")
  const about = recording === undefined ? [] : [headline(recording), ...(recording.error ?? "").split("\n")]
  return [
    ...about.filter((line) => line !== "").map((line) => `// ${harmless(line)}`),
    `import { Effect, Stream } from "effect"`,
    `import { Replay } from "mvx-metrics"`,
    `import { expect, it } from "vitest"`,
    `import * as metrics from ${harmlessJson(isOwnModule(module) || path.startsWith(".") ? path : `./${path}`)}`,
    "",
    "const recorded = `",
    ...lines.map(escaped),
    "`",
    ...tests.flatMap((test) => ["", ...test])
  ].join("\n")
})

const testOf = Effect.fnUntraced(function* (
  { expression, metric }: ExportedMetric,
  captured: ReadonlyArray<Captured>,
  lines: ReadonlyArray<string>,
  fails: boolean
): Effect.fn.Return<ReadonlyArray<string>, InvalidArgument | InvalidLine> {
  const isWhole = captured.every(({ event }) => Object.hasOwn(metric.events.cases, event._tag))
  const skip = isWhole ? "" : ", { onBadLine: () => Effect.void }"
  const title = fails ? "takes the events on which it failed" : "shows what it has shown of these events"
  // In the same way as the test.
  const events = Replay.fromNdjson(metric.events, Stream.make(lines.join("\n")), { onBadLine: () => Effect.void })
  const shown = yield* Replay.runStream(metric, events)
  return [
    `it(${harmlessJson(`${metric.name} ${title}`)}, async () => {`,
    `  const metric = ${expression}`,
    `  const events = Replay.fromNdjson(metric.events, Stream.make(recorded)${skip})`,
    "  const shown = await Effect.runPromise(Replay.runStream(metric, events))",
    fails
      ? "  expect(shown[metric.name]!.quarantine?.error).toBeUndefined()"
      : `  expect(shown[metric.name]).toEqual(${literal(shown[metric.name], "  ")})`,
    "})"
  ]
})
