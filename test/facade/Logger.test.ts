/** The log output of a runtime of `mvx-metrics/promise` in a program without Effect. */
import { setImmediate as nextTurn } from "node:timers/promises"
import { expect, it } from "@effect/vitest"
import { type LogEntry, type Logger, MetricsRuntime } from "mvx-metrics/promise"
import { Fragile, poison, Ticks, tick } from "../support/probe.metrics.ts"

const options = { namespace: "test.logger", inProcess: true } as const

/** Starts, quarantines a metric, fails to stop, and shuts down. */
const life = async (logger: Logger, logging: "silent" | "normal" | "inspection" = "normal") => {
  const runtime = await MetricsRuntime.start({ ...options, logging, logger })
  const recorder = await runtime.createRecorder("storage", { onStopped: () => Promise.reject(new Error("no disk")) })
  await recorder.registerMetric(Fragile)
  recorder.registerEvent(poison("too much"))
  const { stats } = await recorder.getReport()
  await runtime.shutdown().catch(() => {})
  return { state: runtime.state, stats }
}

it("a logger receives every line with its level, message, annotations and time", async () => {
  const entries: Array<LogEntry> = []
  const before = Date.now()
  await life((entry) => entries.push(entry))
  const ofRuntime = { namespace: "test.logger" }
  const ofRecorder = { ...ofRuntime, recorderId: "storage" }
  const date = expect.any(Date)
  expect(entries).toEqual([
    { level: "debug", message: "runtime started", annotations: ofRuntime, date },
    { level: "debug", message: "made", annotations: ofRecorder, date },
    { level: "debug", message: "started", annotations: ofRecorder, date },
    { level: "debug", message: "registered the metric probe.fragile", annotations: ofRecorder, date },
    { level: "warn", message: expect.stringContaining("too much"), annotations: ofRecorder, date },
    { level: "error", message: expect.stringContaining("no disk"), annotations: ofRecorder, date },
    { level: "debug", message: "removed", annotations: ofRecorder, date },
    { level: "debug", message: "runtime closed", annotations: ofRuntime, date },
    { level: "error", message: expect.stringContaining("shut down, but"), annotations: ofRuntime, date }
  ])
  for (const { date } of entries) {
    expect(date.getTime()).toBeGreaterThanOrEqual(before)
    expect(date.getTime()).toBeLessThanOrEqual(Date.now())
  }
})

/** What pino and winston have: methods by level that need their object, and take the same in another order. */
class LeveledLogger<Args extends ReadonlyArray<unknown>> {
  readonly calls: Array<readonly [level: string, ...args: Args]> = []
  debug(...args: Args): void {
    this.calls.push(["debug", ...args])
  }
  info(...args: Args): void {
    this.calls.push(["info", ...args])
  }
  warn(...args: Args): void {
    this.calls.push(["warn", ...args])
  }
  error(...args: Args): void {
    this.calls.push(["error", ...args])
  }
}

it("a logger with the signature of pino, or of winston and console, needs one line of code", async () => {
  const pino = new LeveledLogger<[attributes: object, message: string]>()
  await life(({ annotations, level, message }) => pino[level](annotations, message))
  const winston = new LeveledLogger<[message: string, meta: object]>()
  await life(({ annotations, level, message }) => winston[level](message, annotations))
  const annotations = { namespace: "test.logger", recorderId: "storage" }
  const message = expect.stringContaining("too much")
  expect(pino.calls[4]).toEqual(["warn", annotations, message])
  expect(winston.calls[4]).toEqual(["warn", message, annotations])
})

it("the logging option decides which lines are logged", async () => {
  const messages = async (logging: "silent" | "inspection") => {
    const seen: Array<string> = []
    await life(({ message }) => seen.push(message), logging)
    return seen
  }
  expect(await messages("silent")).toEqual([])
  expect(await messages("inspection")).toContainEqual(expect.stringMatching(/^read the report up to event 1/))
})

it("reading a property never logs a line, at any logging level", async () => {
  const messages: Array<string> = []
  const logger: Logger = ({ message }) => messages.push(message)
  await using runtime = await MetricsRuntime.start({ ...options, logging: "inspection", logger })
  const recorder = await runtime.createRecorder("storage")
  await recorder.registerMetric(Ticks)
  const said = messages.length
  const { namespace, recorderIds, state } = runtime
  const { entityId, metrics, recorderId, stats } = recorder
  expect({ namespace, recorderIds, state }).toEqual({
    namespace: "test.logger",
    recorderIds: ["storage"],
    state: "Running"
  })
  expect({ entityId, metrics, recorderId, state: recorder.state, offered: stats.offered }).toEqual({
    entityId: "storage",
    metrics: [Ticks],
    recorderId: "storage",
    state: "Running",
    offered: 0
  })
  expect(messages.slice(said)).toEqual([])
})

it.each([
  [
    "throws",
    () => {
      throw new Error("the logger is closed")
    }
  ],
  ["rejects", () => Promise.reject(new Error("the logger is closed"))],
  ["never settles", () => new Promise(() => {})]
] as const)("a logger that %s changes nothing", async (_how, logger) => {
  const unhandled: Array<unknown> = []
  const onUnhandled = (error: unknown) => void unhandled.push(error)
  process.on("unhandledRejection", onUnhandled)
  expect(await life(logger, "inspection")).toMatchObject({
    state: "Closed",
    stats: { state: "Running", accepted: 1, pending: 0 }
  })
  // Node reports them after the microtasks of a turn.
  await nextTurn()
  process.off("unhandledRejection", onUnhandled)
  expect(unhandled).toEqual([])
})

it("two runtimes log to their own loggers", async () => {
  const seen: Record<string, Array<unknown>> = { a: [], b: [] }
  for (const namespace of ["a", "b"]) {
    const logger: Logger = ({ annotations }) => seen[namespace]?.push(annotations.namespace)
    await using runtime = await MetricsRuntime.start({ namespace, inProcess: true, logger })
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick())
  }
  expect([new Set(seen.a), new Set(seen.b)]).toEqual([new Set(["a"]), new Set(["b"])])
})

it("an object is rejected as a logger, and the error names the function for pino", async () => {
  await expect(MetricsRuntime.start({ ...options, logger: console } as never)).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument: "logger",
    reason: "must be a function. For pino: ({ level, message, annotations }) => log[level](annotations, message)"
  })
})

it("a logger and a ManagedRuntime are mutually exclusive", async () => {
  const { Layer, ManagedRuntime } = await import("effect")
  const started = MetricsRuntime.start({
    ...options,
    logger: () => {},
    runtime: ManagedRuntime.make(Layer.empty)
  } as never)
  await expect(started).rejects.toMatchObject({
    argument: "logger",
    reason: "cannot be given with runtime, which has loggers of its own"
  })
})
