// A runtime is flushed when its process is about to end, and the process then ends as it would have without the flush.
// Here the end is simulated; test/worker/ProcessEnd.test.ts uses real processes.
import { setImmediate as nextTurn } from "node:timers/promises"
import { Effect } from "effect"
import { type LogEntry, MetricsRuntime, type StartOptions } from "mvx-metrics/promise"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type * as processEnd from "../../src/internal/facade/processEnd.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { serviceOf } from "../../src/internal/runtime/withoutEffect.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

/** A copy of the module that listens, as two copies of the package have. */
// @ts-expect-error: a query makes another module of the same file.
const copy: typeof processEnd = await import("../../src/internal/facade/processEnd.ts?2")

const signal = "SIGHUP"

const kill = vi.spyOn(process, "kill")
/** Resolves when the process is ended by the signal. */
let ended: Promise<void>

beforeEach(() => {
  expect(process.listenerCount(signal)).toBe(0)
  ended = new Promise((resolve) => {
    kill.mockReset().mockImplementation((pid, by) => {
      expect([pid, by, process.listenerCount(signal)]).toEqual([process.pid, signal, 0])
      resolve()
      return true
    })
  })
})

afterEach(() => {
  expect(process.listenerCount(signal)).toBe(0)
})

type Own = Partial<Pick<StartOptions, "flushOn" | "shutdownTimeout">> & { readonly logger?: (entry: LogEntry) => void }

/** A runtime with a recorder that has accepted events which are not folded yet, and the number of its flushes. */
const startWith = async ({ logger = () => {}, ...own }: Own = {}) => {
  const runtime = await MetricsRuntime.start({
    namespace: "test.end",
    inProcess: true,
    flushOn: [signal],
    logger,
    ...own
  })
  const recorder = await runtime.createRecorder("one")
  await recorder.registerMetric(Ticks)
  const flushes = { count: 0 }
  internalsOf(serviceOf(runtime)).onFlush({ name: "a file", flush: Effect.sync(() => flushes.count++) })
  for (let n = 0; n < 100; n++) recorder.registerEvent(tick(n))
  return { runtime, recorder, flushes }
}

/** The same, whose recorder folds nothing before `release`. */
const startHeld = async (own?: Own) => {
  const started = await startWith(own)
  let release = () => {}
  const letGo = new Promise<void>((resolve) => {
    release = resolve
  })
  await new Promise<void>((reached) => {
    const hold = async () => {
      const onMetricChanged = () => {
        reached()
        return letGo
      }
      const held = await started.runtime.createRecorder("held", { onMetricChanged })
      await held.registerMetric(Ticks)
      held.registerEvent(tick())
    }
    void hold()
  })
  return { ...started, release }
}

const send = () => process.emit(signal, signal)

/** Resolves when a runtime has been flushed so often. */
const untilFlushed = async (flushes: { readonly count: number }, count: number) => {
  while (flushes.count < count) await nextTurn()
  await nextTurn()
}

describe("on a signal without another listener", () => {
  it("every runtime is flushed, and then the signal ends the process", async () => {
    await using one = (await startWith()).runtime
    const { recorder, runtime: other } = await startWith()
    send()
    expect(one.getRecorder("one").stats.pending).toBe(100)
    await ended
    for (const each of [recorder, one.getRecorder("one")]) {
      expect(each.stats).toMatchObject({ accepted: 100, applied: 100, pending: 0 })
    }
    await other.shutdown()
  })

  it("the process ends within shutdownTimeout, and the log reports what was not reached", async () => {
    const errors: Array<string> = []
    const logger = ({ level, message }: LogEntry) => void (level === "error" && errors.push(message))
    const { release, runtime } = await startHeld({ shutdownTimeout: 20, logger })
    send()
    await ended
    expect(errors).toEqual([expect.stringContaining('"held" (0 of 1 events are folded')])
    release()
    await runtime.shutdown()
  })

  it("repeats of the signal count as one for a second, and end the process at once after that", async () => {
    const { flushes, release, runtime } = await startHeld()
    send()
    send()
    await nextTurn()
    expect(kill).not.toHaveBeenCalled()
    const now = performance.now()
    vi.spyOn(performance, "now").mockReturnValue(now + 1001)
    send()
    expect(kill).toHaveBeenCalledTimes(1)
    vi.mocked(performance.now).mockRestore()
    release()
    await untilFlushed(flushes, 1)
    expect(flushes.count).toBe(1)
    await runtime.shutdown()
  })

  it("a process that the signal does not end, such as one with the id 1, is also flushed on the next signal", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] })
    const { flushes, runtime } = await startWith()
    for (const count of [1, 2]) {
      await vi.advanceTimersByTimeAsync(1000)
      send()
      await untilFlushed(flushes, count)
      expect(kill).toHaveBeenCalledTimes(count)
    }
    vi.useRealTimers()
    await runtime.shutdown()
  })

  it("signal-exit, which leaves the exit to other listeners, does not count as a listener", async () => {
    const emitter = Symbol.for("signal-exit emitter")
    const listen = () => {}
    await using _ = { [Symbol.asyncDispose]: async () => void Reflect.deleteProperty(globalThis, emitter) }
    const { recorder, runtime } = await startWith()
    Object.assign(globalThis, { [emitter]: { count: 1 } })
    process.on(signal, listen)
    kill.mockReset().mockImplementation(() => {
      expect(process.listeners(signal)).toEqual([listen])
      expect(recorder.stats.pending).toBe(0)
      process.off(signal, listen)
      return true
    })
    send()
    await vi.waitFor(() => expect(kill).toHaveBeenCalledWith(process.pid, signal))
    await runtime.shutdown()
  })
})

it.each(["on", "once", "prependListener"] as const)(
  "on a signal that the program listens to with %s, the runtime is flushed and the rest is left to the program",
  async (listen) => {
    const heard = vi.fn()
    if (listen === "once") process.once(signal, heard)
    const { flushes, recorder, runtime } = await startWith()
    if (listen !== "once") process[listen](signal, heard)
    send()
    expect(heard).toHaveBeenCalledTimes(1)
    await untilFlushed(flushes, 1)
    expect(recorder.stats.pending).toBe(0)
    expect(kill).not.toHaveBeenCalled()
    process.off(signal, heard)
    await runtime.shutdown()
  }
)

it("a shutdown removes only the listeners of its own runtime", async () => {
  const ends = [signal, "beforeExit", "uncaughtExceptionMonitor"] as const
  const count = () => ends.map((end) => process.listenerCount(end))
  const before = count()
  const flushOn = [signal, signal, "beforeExit", "uncaughtException"] as const
  const { runtime: one } = await startWith({ flushOn })
  const { runtime: other } = await startWith({ flushOn })
  const listening = before.map((listeners) => listeners + 1)
  expect(count()).toEqual(listening)
  await one.shutdown()
  expect(count()).toEqual(listening)
  await other.shutdown()
  expect(count()).toEqual(before)
})

it("two copies of the package share one listener, so that one of them ends the process", async () => {
  const { runtime } = await startWith()
  let flushed = 0
  const undo = copy.beforeProcessEnd(signal, () => flushed++)
  expect(process.listenerCount(signal)).toBe(1)
  send()
  await ended
  expect(flushed).toBe(1)
  undo()
  await runtime.shutdown()
})

it("before the exit the runtime is flushed once, and again only if there are new events", async () => {
  const { flushes, recorder, runtime } = await startWith({ flushOn: ["beforeExit"] })
  const exits = () => process.emit("beforeExit", 0)
  exits()
  await untilFlushed(flushes, 1)
  expect(recorder.stats.pending).toBe(0)
  exits()
  await nextTurn()
  expect(flushes.count).toBe(1)
  recorder.registerEvent(tick())
  exits()
  await untilFlushed(flushes, 2)
  await runtime.shutdown()
})

it("on an uncaught exception, accepted events are published to the worker at once", async () => {
  const metrics = new URL("../support/probe.metrics.ts", import.meta.url)
  const runtime = await MetricsRuntime.start({
    namespace: "test.end",
    metrics,
    logger: () => {},
    flushOn: ["uncaughtException"]
  })
  const recorder = await runtime.createRecorder("one")
  await recorder.registerMetric(Ticks)
  for (let n = 0; n < 100; n++) recorder.registerEvent(tick(n))
  const events: NodeJS.EventEmitter = process
  events.emit("uncaughtExceptionMonitor", new Error("uncaught"), "uncaughtException")
  // Without a turn of the event loop, which would show the events to the worker as well.
  const deadline = performance.now() + 20_000
  while (recorder.stats.pending > 0 && performance.now() < deadline);
  expect(recorder.stats).toMatchObject({ accepted: 100, applied: 100, pending: 0 })
  await runtime.shutdown()
})

it.each([["SIGTERM"], [["SIGKILL"]], [["exit"]], [{}]])("flushOn: %j is rejected", async (flushOn) => {
  await expect(
    MetricsRuntime.start({ namespace: "test.end", inProcess: true, flushOn: flushOn as never })
  ).rejects.toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument: "flushOn",
    reason: expect.stringContaining("SIGTERM, SIGINT, SIGHUP, beforeExit, uncaughtException")
  })
})
