/** How runtimes of `mvx-metrics/promise` end, and how they behave afterwards. These tests do not use Effect. */
import { Worker } from "node:worker_threads"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { MetricsError, type MetricsRecorder, MetricsRuntime } from "mvx-metrics/promise"
import { Fragile, Notes, Ticks, tick } from "../support/probe.metrics.ts"

const options = { namespace: "test.facade.end", logging: "silent" } as const

/** A runtime on a worker, its thread, and a recorder with `Ticks`. */
const startOnWorker = async () => {
  const thread = new Worker(new URL("./fixtures/probe.worker.ts", import.meta.url))
  const runtime = await MetricsRuntime.start({ ...options, spawn: () => thread })
  const recorder = await runtime.createRecorder("storage")
  await recorder.registerMetric(Ticks)
  return { runtime, recorder, thread }
}

/** Node gives a thread that has ended the id -1. */
const ended = -1

describe("a shutdown", () => {
  it("folds everything registered, runs onStopped and releases the thread", async () => {
    const { runtime, thread } = await startOnWorker()
    const folded: Array<unknown> = []
    const recorder = await runtime.createRecorder("folding", {
      onStopped: async () => void folded.push(recorder.stats.pending, await recorder.getMetricSnapshots())
    })
    await recorder.registerMetric(Ticks)
    for (let n = 1; n <= 1_000; n++) recorder.registerEvent(tick(n))
    await runtime.shutdown()
    expect(folded).toEqual([0, { "probe.ticks": { name: "probe.ticks", dimensions: { count: 1_000, sum: 500_500 } } }])
    expect(runtime.state).toBe("Closed")
    expect(thread.threadId).toBe(ended)
  })

  it("can be requested again, concurrently and later, and does nothing more", async () => {
    const { runtime, recorder } = await startOnWorker()
    recorder.registerEvent(tick())
    expect(await Promise.all([runtime.shutdown(), runtime.shutdown()])).toEqual([undefined, undefined])
    expect(await runtime.shutdown()).toBeUndefined()
    await runtime[Symbol.asyncDispose]()
    expect(runtime.state).toBe("Closed")
  })

  it("happens at the end of a block with `await using`", async () => {
    const { runtime: started, recorder, thread } = await startOnWorker()
    {
      await using runtime = started
      expect(runtime.state).toBe("Running")
      recorder.registerEvent(tick())
    }
    expect(started.state).toBe("Closed")
    expect(recorder.stats).toMatchObject({ state: "Stopped", applied: 1, pending: 0 })
    expect(thread.threadId).toBe(ended)
  })

  it("names the recorders that could not stop, and still releases the thread", async () => {
    const { runtime, thread } = await startOnWorker()
    const onStopped = () => Promise.reject(new Error("the sink is gone"))
    for (const id of ["first", "second"]) await runtime.createRecorder(id, { onStopped })
    const error = await runtime.shutdown().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(MetricsError.ShutdownFailed)
    const { failures, message } = error as MetricsError.ShutdownFailed
    expect(failures.map(({ recorderId }) => recorderId)).toEqual(["first", "second"])
    expect(message).toContain("the sink is gone")
    expect(runtime.state).toBe("Closed")
    expect(thread.threadId).toBe(ended)
  })
})

describe("the registry", () => {
  it("returns one object for one recorder", async () => {
    await using runtime = await MetricsRuntime.start({ ...options, inProcess: true })
    const recorder = await runtime.createRecorder(" storage ")
    expect(runtime.getRecorder("storage")).toBe(recorder)
    expect(runtime.findRecorder(" storage")).toBe(recorder)
    expect(runtime.findRecorder("another")).toBeUndefined()
    expect(runtime.recorderIds).toEqual(["storage"])
    expect(runtime.namespace).toBe("test.facade.end")
  })

  it("stops recorders, and removes them", async () => {
    await using runtime = await MetricsRuntime.start({ ...options, inProcess: true })
    const kept = await runtime.createRecorder("kept")
    const removed = await runtime.createRecorder("taken away")
    await runtime.stopRecorder("kept")
    await runtime.stopAndRemoveRecorder("taken away")
    expect([kept.state, removed.state]).toEqual(["Stopped", "Stopped"])
    expect(runtime.recorderIds).toEqual(["kept"])
    expect(await runtime.createRecorder("taken away")).not.toBe(removed)
  })
})

/** What a call rejects with or throws; fails when it does neither. */
const errorOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error("it neither rejected nor threw")
}

interface Objects {
  readonly runtime: MetricsRuntime
  readonly recorder: MetricsRecorder
}

type Calls = ReadonlyArray<readonly [call: string, tag: keyof typeof MetricsError, of: (objects: Objects) => unknown]>

/** Real errors: of their class, with a tag, and a message that says something. */
const expectRealError = (error: unknown, tag: keyof typeof MetricsError) => {
  expect(error).toBeInstanceOf(Error)
  expect(error).toBeInstanceOf(MetricsError[tag])
  const { _tag, message, stack } = error as Error & { readonly _tag: string }
  expect(_tag).toBe(`mvx-metrics/${tag}`)
  expect(message).toMatch(/\w+ \w+/)
  expect(stack).toContain(message)
}

describe("a running runtime rejects with real errors", () => {
  const calls: Calls = [
    ["start, blank", "InvalidArgument", () => MetricsRuntime.start({ ...options, namespace: "" })],
    [
      "start, refused by the worker",
      "MetricsModuleError",
      () => MetricsRuntime.start({ ...options, metrics: new URL("./fixtures/no.metrics.ts", import.meta.url) })
    ],
    ["createRecorder, blank", "InvalidArgument", ({ runtime }) => runtime.createRecorder(" ")],
    ["createRecorder, taken", "RecorderAlreadyExists", ({ runtime }) => runtime.createRecorder("storage")],
    ["getRecorder, unknown", "RecorderNotFound", ({ runtime }) => runtime.getRecorder("nobody")],
    ["getRecorder, blank", "InvalidArgument", ({ runtime }) => runtime.getRecorder("")],
    ["findRecorder, blank", "InvalidArgument", ({ runtime }) => runtime.findRecorder("")],
    ["stopRecorder, unknown", "RecorderNotFound", ({ runtime }) => runtime.stopRecorder("nobody")],
    ["stopAndRemoveRecorder, unknown", "RecorderNotFound", ({ runtime }) => runtime.stopAndRemoveRecorder("nobody")],
    ["registerMetric, unknown there", "RegisterError", ({ recorder }) => recorder.registerMetric(Fragile)],
    ["registerEvent", "InvalidArgument", ({ recorder }) => recorder.registerEvent({ _tag: "" })],
    ["getMetricSnapshot", "MetricNotRegistered", ({ recorder }) => recorder.getMetricSnapshot(Notes)],
    // The first one joins the start by the runtime.
    ["start, running", "InvalidState", ({ recorder }) => recorder.start().then(() => recorder.start())]
  ]

  let running: Objects
  beforeAll(async () => {
    running = await startOnWorker()
  })
  afterAll(() => running.runtime.shutdown())

  it.for(calls)("%s: %s", async ([, tag, call]) => {
    expectRealError(await errorOf(() => call(running)), tag)
  })
})

describe("after shutdown, nothing hangs", () => {
  const calls: Calls = [
    ["createRecorder", "InvalidState", ({ runtime }) => runtime.createRecorder("late")],
    ["getRecorder", "RecorderNotFound", ({ runtime }) => runtime.getRecorder("storage")],
    ["stopRecorder", "RecorderNotFound", ({ runtime }) => runtime.stopRecorder("storage")],
    ["stopAndRemoveRecorder", "RecorderNotFound", ({ runtime }) => runtime.stopAndRemoveRecorder("storage")],
    ["registerMetric", "RegisterError", ({ recorder }) => recorder.registerMetric(Notes)],
    ["registerEvent, invalid event", "InvalidArgument", ({ recorder }) => recorder.registerEvent(null as never)],
    ["getMetricSnapshots", "InvalidState", ({ recorder }) => recorder.getMetricSnapshots()],
    ["getMetricSnapshot", "InvalidState", ({ recorder }) => recorder.getMetricSnapshot(Ticks)],
    ["getReport", "InvalidState", ({ recorder }) => recorder.getReport()],
    ["start", "InvalidState", ({ recorder }) => recorder.start()],
    ["stop", "InvalidState", ({ recorder }) => recorder.stop()]
  ]

  let closed: Objects
  beforeAll(async () => {
    closed = await startOnWorker()
    closed.recorder.registerEvent(tick())
    await closed.runtime.shutdown()
  })

  it.for(calls)("%s: %s", async ([, tag, call]) => {
    expectRealError(await errorOf(() => call(closed)), tag)
  })

  it("what is synchronous still works: states, stats, ids; an event is refused and counted", () => {
    const { runtime, recorder } = closed
    expect(recorder.registerEvent(tick())).toBe(false)
    expect(runtime.findRecorder("storage")).toBeUndefined()
    expect(runtime.recorderIds).toEqual([])
    expect(recorder.stats).toMatchObject({ state: "Stopped", applied: 1, refusedBy: { notRunning: 1 }, pending: 0 })
  })

  it("loops over changes end, both current and later ones", async () => {
    const { runtime, recorder } = await startOnWorker()
    const listen = async (changes: AsyncIterable<unknown>) => {
      let count = 0
      for await (const _ of changes) count++
      return count
    }
    const listening = [listen(recorder.changes()), listen(recorder.latestChanges())]
    await recorder.getReport()
    recorder.registerEvent(tick())
    await runtime.shutdown()
    expect(await Promise.all(listening)).toEqual([1, 1])
    expect(await Promise.all([listen(recorder.changes()), listen(recorder.latestChanges())])).toEqual([0, 0])
  })
})
