/**
 * Invalid input from plain JavaScript: a typed error that names the argument and the reason, and nothing is changed.
 */
import { beforeAll, describe, expect, it } from "@effect/vitest"
import { type Ended, runProgram } from "../support/runProgram.ts"

const object = "mvx-metrics/InvalidArgument: options: must be an object, got"
const blank = "must be a string that is not blank, got"
const capacity = "mvx-metrics/InvalidArgument: capacity: must be a positive integer, got"
const definition =
  "mvx-metrics/InvalidArgument: metric: must be a metric or a set of metrics. Make a set with Metric.combine or Metric.module"
const url = "mvx-metrics/InvalidArgument: metrics: must be a URL or an array of URLs"
const event = "mvx-metrics/InvalidArgument: event: must"

const ids = [
  ["nothing", "undefined"],
  ["null", "null"],
  ["5", "5"],
  ["{}", "an object"],
  ["a symbol", "a symbol"],
  ["blank", '" "']
]
const withId = ["createRecorder", "getRecorder", "findRecorder", "stopRecorder", "stopAndRemoveRecorder"]

/** What each call is answered with, or how that begins. */
const answers: ReadonlyArray<readonly [call: string, answer: string]> = [
  ["start()", object],
  ["start(null)", `${object} null`],
  ["start(text)", `${object} "test.bad"`],
  ["start([])", `${object} an array`],
  ["start({})", "mvx-metrics/InvalidArgument: namespace: is missing: must be a string that is not blank"],
  ["start namespace 5", `mvx-metrics/InvalidArgument: namespace: ${blank} 5`],
  ["start namespace blank", `mvx-metrics/InvalidArgument: namespace: ${blank} "  "`],
  ["start unknown option", "mvx-metrics/InvalidArgument: metric: is not an option"],
  ["start option of a worker", "mvx-metrics/InvalidArgument: startTimeout: "],
  ["start capacity 0", `${capacity} 0`],
  ["start capacity -1", `${capacity} -1`],
  ["start capacity 1.5", `${capacity} 1.5`],
  ["start capacity NaN", `${capacity} NaN`],
  ["start capacity Infinity", `${capacity} Infinity`],
  ["start capacity 10", `${capacity} "10"`],
  ["start capacity null", `${capacity} null`],
  [
    "start overflow",
    "mvx-metrics/InvalidArgument: overflow: must be one of drop-newest, drop-oldest, backpressure, fail, got"
  ],
  ["start logging", "mvx-metrics/InvalidArgument: logging: must be one of silent, normal, inspection, got true"],
  ["start shutdownTimeout", "mvx-metrics/InvalidArgument: shutdownTimeout: must be a duration"],
  ["start metrics path", url],
  ["start metrics null", url],
  ["start metrics [5]", url],
  ["start metrics and spawn", "mvx-metrics/InvalidArgument: metrics: pass either metrics"],
  ["start spawn path", "mvx-metrics/InvalidArgument: spawn: must be a function"],
  ...ids.flatMap(([id, got]) =>
    withId.map((call) => [`${call} ${id}`, `mvx-metrics/InvalidArgument: recorderId: ${blank} ${got}`] as const)
  ),
  ["createRecorder options null", `${object} null`],
  ["createRecorder options 5", `${object} 5`],
  ["createRecorder options []", `${object} an array`],
  ["createRecorder options a function", `${object} a function`],
  [
    "createRecorder unknown option",
    'mvx-metrics/InvalidArgument: onStoped: is not an option. Did you mean "onStopped"? The options are: '
  ],
  ["createRecorder capacity", `${capacity} 0`],
  ["createRecorder overflow", "mvx-metrics/InvalidArgument: overflow: must be one of"],
  ["createRecorder logging", "mvx-metrics/InvalidArgument: logging: must be one of"],
  ["createRecorder entityId", "mvx-metrics/InvalidArgument: entityId: must be a string, got 5"],
  ["createRecorder onStarting", "mvx-metrics/InvalidArgument: onStarting: must be a function"],
  ["createRecorder onStopped", "mvx-metrics/InvalidArgument: onStopped: must be a function"],
  ["createRecorder onMetricChanged", "mvx-metrics/InvalidArgument: onMetricChanged: must be a function"],
  ...["nothing", "null", "its name", "a look-alike"].flatMap((metric) =>
    ["registerMetric", "getMetricSnapshot"].map((call) => [`${call} ${metric}`, definition] as const)
  ),
  ["registerMetric options", `${object} 5`],
  ["registerMetric replace", 'mvx-metrics/InvalidArgument: replace: must be true or false, got "yes"'],
  [
    "registerMetric unknown option",
    'mvx-metrics/InvalidArgument: replac: is not an option. Did you mean "replace"? The options are: replace'
  ],
  [
    "getMetricSnapshot not registered",
    'mvx-metrics/MetricNotRegistered: recorder "storage" has no metric "probe.ticks"'
  ],
  ["registerEvent nothing", `${event} be an object with a string _tag, got undefined`],
  ["registerEvent null", `${event} be an object with a string _tag, got null`],
  ["registerEvent 5", `${event} be an object with a string _tag, got number`],
  ["registerEvent text", `${event} be an object with a string _tag, got string`],
  ["registerEvent a symbol", `${event} be an object with a string _tag, got symbol`],
  ["registerEvent a function", `${event} be an object with a string _tag, got function`],
  ["registerEvent {}", `${event} have a string _tag`],
  ["registerEvent an array", event],
  ["registerEvent _tag 5", `${event} have a string _tag`],
  ["registerEvent _tag blank", `${event} have a _tag that is not blank`],
  ["registerEvent _tag that throws", "mvx-metrics/InvalidArgument: event: could not be read: Error: no tag for you"],
  ["registerEvent with a function", `${event} be plain data`],
  ["registerEvent with a symbol", `${event} be plain data`],
  ["registerEvent with a promise", `${event} be plain data`],
  ["recorderIds", '["storage"]'],
  ["state", '"Running"'],
  ["stats", expectedStats()],
  ["snapshots", "{}"],
  ["shutdown", '"done"']
]

function expectedStats(): string {
  const invalid = 14
  const refusedBy = { overflow: 0, invalid, notRunning: 0 }
  const counts = { offered: invalid, accepted: 0, refused: invalid, refusedBy, applied: 0, ignored: 0, evicted: 0 }
  return JSON.stringify({ state: "Running", capacity: 10_000, ...counts, pending: 0 })
}

describe("invalid input from plain JavaScript", () => {
  let ended: Ended
  let given: ReadonlyMap<string, string>
  beforeAll(async () => {
    ended = await runProgram(new URL("./fixtures/badInput.mjs", import.meta.url))
    const lines = ended.stdout.trimEnd().split("\n")
    given = new Map(lines.map((line) => line.split(" -> ", 2) as [string, string]))
  }, 60_000)

  it.for(answers)("%s is rejected with %s", ([call, answer]) => {
    expect(given.get(call)?.slice(0, answer.length)).toBe(answer)
  })

  it("is rejected in one line each, and with nothing else", () => {
    expect([...given.keys()]).toEqual(answers.map(([call]) => call))
  })

  it("with a misspelt option gets the list of valid ones", () => {
    expect(given.get("start unknown option")).toMatch(/The options are: .*metrics/)
  })

  it("does not end the program, which exits with 0", () => {
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})
