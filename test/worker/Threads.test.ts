// Application threads emit into the runtime of the main thread, and no event is lost, however a thread ends.
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { Schedule } from "effect"
import { type LogEntry, MetricsRuntime, type StartOptions, type ThreadsOptions } from "mvx-metrics/promise"
import { expect, it } from "vitest"
import { asMany } from "../support/long.ts"
import { until } from "../support/until.ts"
import { GatedTicks, gatedTick, gatedWorker } from "./fixtures/gated.metrics.ts"
import { ClashingMetrics, ClashingMillis } from "./fixtures/threads/clashing.metrics.ts"
import { attachThread, startThread, type Thread } from "./fixtures/threads/startThread.ts"
import { Millis, Work, WorkMetrics } from "./fixtures/threads/threads.metrics.ts"

const started = async (options?: Partial<StartOptions>, threads?: ThreadsOptions) => {
  const all = { namespace: "test.threads", logging: "silent", ...options } as StartOptions
  const runtime = await MetricsRuntime.start(all)
  await runtime.acceptThreads(threads)
  return runtime
}

const threadId = ({ worker }: Thread): number => worker.threadId

/** What a scrape shows, by name and recorder, over all labels. */
const shown = async (runtime: MetricsRuntime): Promise<(name: string, recorder: string) => number> => {
  const response = await runtime.prometheus().handler(new Request("http://localhost"))
  const lines = (await response.text()).split("\n")
  return (name, recorder) =>
    lines
      .filter((line) => line.startsWith(`${name}{`) && line.includes(`recorder="${recorder}"`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0)
}

it("a thread emits, registers and reads like the main thread, which sees its recorder under its id", async () => {
  await using runtime = await started()
  const own = await runtime.createRecorder("orders")
  await own.registerMetric(WorkMetrics)
  await using thread = startThread()
  expect(await thread.run("attach")).toBe("test.threads")
  await thread.run("create", "orders")
  await thread.run("emit", 1000, 10)
  const snapshots = await thread.run("snapshots")
  expect(snapshots[Work.name]!.dimensions).toMatchObject({ value: 1000 })
  const id = `orders/thread-${threadId(thread)}`
  expect(runtime.recorderIds).toEqual(["orders", id])
  const mirror = runtime.getRecorder(id)
  expect(await mirror.getMetricSnapshots()).toEqual(snapshots)
  expect(mirror.entityId).toBe("orders")
  expect(await own.getMetricSnapshot(Millis)).toMatchObject({ dimensions: { count: 0 } })
  const stats = await thread.run("stats")
  expect(mirror.stats).toEqual(stats)
  expect(stats).toMatchObject({ offered: 1000, accepted: 1000, applied: 1000, pending: 0 })
  expect(runtime.stats.threads).toMatchObject([{ threadId: threadId(thread), recorders: 1, accepted: 1000 }])
  expect((await shown(runtime))("threads_work_total", id)).toBe(1000)
})

it("the totals of ended threads have all events whose emit had returned, even if they were terminated", async () => {
  await using runtime = await started()
  const threads = await Promise.all([1, 2, 3, 4].map(() => attachThread("burst")))
  const [first, second, ...others] = threads
  void first!.run("emit", 1e9, 1e9)
  void second!.run("emit", 1e9, 7)
  const emitting = others.map((thread) => thread.run("emit", 20_000, 500))
  await until(() => first!.emitted > 5000 && second!.emitted > 500)
  await Promise.all([first!.terminate(), second!.terminate()])
  await Promise.all(emitting)
  await until(() => runtime.recorderIds.length === 2)
  const ended = await shown(runtime)
  const accepted = ended("mvx_metrics_events_accepted_total", "burst/threads")
  // The last event of each may have been written before it was counted.
  expect(accepted - first!.emitted - second!.emitted).toBeOneOf([0, 1, 2])
  expect(ended("threads_work_total", "burst/threads")).toBe(accepted)
  expect(ended("mvx_metrics_events_applied_total", "burst/threads")).toBe(accepted)
  for (const thread of others) {
    const own = `burst/thread-${threadId(thread)}`
    expect(thread.emitted).toBe(20_000)
    expect(ended("threads_millis_seconds_count", own)).toBe(20_000)
    await thread.run("shutdown")
  }
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "burst/threads")).toBe(accepted + 40_000)
  for (const thread of others) await thread.terminate()
})

it("threads continue while the metrics worker is replaced, and every event is folded exactly once", async () => {
  const workers: Array<Worker> = []
  const spawn = () => {
    const worker = new Worker(new URL("./fixtures/threads/threads.worker.ts", import.meta.url))
    workers.push(worker)
    return worker
  }
  await using runtime = await started({ spawn, restart: Schedule.spaced("1 milli") }, { metrics: [WorkMetrics] })
  // Few pages: they are covered by checkpoints and written again.
  const threads = await Promise.all([1, 2, 3].map(() => attachThread("lasting", { memoryLimit: 1, capacity: 20_000 })))
  const [ends, ...stay] = threads
  const kills = asMany(4, 2)
  void ends!.run("emit", 1e9, 300)
  const emitting = stay.map((thread) => thread.run("emit", 7500 * kills, 300))
  for (let kill = 1; kill <= kills; kill++) {
    await until(() => stay.every(({ emitted }) => emitted > 5000 * kill))
    await workers.at(-1)!.terminate()
    if (kill === 2) await ends!.terminate()
    await until(() => runtime.stats.restarts === kill)
  }
  await Promise.all(emitting)
  for (const thread of stay) {
    const { dimensions } = (await thread.run("snapshots"))[Work.name]!
    expect(dimensions).toMatchObject({ value: thread.emitted })
    expect(await thread.run("stats")).toMatchObject({ accepted: thread.emitted, applied: thread.emitted, pending: 0 })
  }
  await until(() => runtime.recorderIds.length === 2)
  const total = await shown(runtime)
  const left = total("mvx_metrics_events_accepted_total", "lasting/threads")
  expect(left - ends!.emitted).toBeOneOf([0, 1])
  expect(total("threads_work_total", "lasting/threads")).toBe(left)
  for (const thread of stay) await thread.terminate()
  const all = stay.reduce((sum, { emitted }) => sum + emitted, left)
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_millis_seconds_count", "lasting/threads")).toBe(all)
})

it("a thread that is attached repeatedly reuses its memory", async () => {
  await using runtime = await started()
  await using thread = startThread()
  expect(await thread.run("comeAndGo", 60)).toBeLessThan(20)
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "again/threads")).toBe(1200)
})

it("a flooding thread prevents neither the main thread nor another thread from being folded and read", async () => {
  await using runtime = await started()
  await using flood = await attachThread("flood")
  await using other = await attachThread("other")
  const recorder = await runtime.createRecorder("own")
  const metrics = await recorder.registerMetric(WorkMetrics)
  void flood.run("emit", 1e9, 1e9)
  await until(() => flood.emitted > 20_000)
  metrics.emit({ _tag: "threads.work", kind: "own", millis: 1 })
  expect(await recorder.getMetricSnapshot(Work)).toMatchObject({ dimensions: { value: 1 } })
  await other.run("emit", 100, 10)
  expect((await other.run("snapshots"))[Work.name]).toMatchObject({ dimensions: { value: 100 } })
  const before = flood.emitted
  const read = await runtime.getRecorder(`flood/thread-${threadId(flood)}`).getMetricSnapshot(Work)
  expect((read.dimensions as { readonly value: number }).value).toBeGreaterThan(before - 10_000)
})

it("each recorder of a thread has its own capacity, policy and accounting", async () => {
  await using runtime = await started()
  await using thread = startThread()
  await thread.run("attach")
  await thread.run("create", "few", { capacity: 10, totalOfRemoved: "all" })
  const { accepted, offered, refusedBy } = await thread.run("burst", 1000)
  expect(accepted + refusedBy.overflow).toBe(1000)
  expect(offered).toBe(1000)
  expect(accepted).toBeLessThan(1000)
  const few = runtime.getRecorder(`few/thread-${threadId(thread)}`)
  await few.flush()
  expect(few.stats).toMatchObject({ capacity: 10, accepted, applied: accepted, refusedBy, pending: 0 })
  await thread.run("create", "evicting", { capacity: 10, overflow: "drop-oldest" })
  const stats = await thread.run("burst", 1000)
  expect(stats).toMatchObject({ offered: 1000, accepted: 1000 })
  expect(stats.evicted).toBeGreaterThan(0)
  await thread.run("flush")
  const evicting = runtime.getRecorder(`evicting/thread-${threadId(thread)}`)
  const { applied, evicted } = evicting.stats
  expect(applied + evicted).toBe(1000)
  await thread.terminate()
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "all")).toBe(accepted)
})

it("changes of metrics reach the listening thread, and its end blocks nobody", async () => {
  await using runtime = await started()
  const thread = await attachThread("changes")
  expect(await thread.run("changes", 3)).toEqual(["threads.work", "threads.millis", "threads.work"])
  await thread.run("listen")
  await thread.run("emit", 100, 100)
  await thread.terminate()
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "changes/threads")).toBe(103)
})

it("a recorder that the main thread removes accepts no further events in its thread", async () => {
  await using runtime = await started()
  await using thread = await attachThread("removed")
  await thread.run("emit", 10, 10)
  await runtime.stopAndRemoveRecorder(`removed/thread-${threadId(thread)}`)
  const { refusedBy, state } = await thread.run("burst", 5)
  expect([refusedBy.notRunning, state]).toEqual([5, "Failed"])
  await thread.run("create", "again", { totalOfRemoved: "removed/threads" })
  await thread.run("emit", 10, 10)
  await thread.run("remove", "again")
  await thread.run("create", "again")
  await thread.run("emit", 5, 5)
  await thread.run("shutdown")
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "removed/threads")).toBe(20)
  expect((await shown(runtime))("threads_work_total", "again/threads")).toBe(5)
})

for (const how of ["removed", "shut down"] as const) {
  it(`every event is counted that a thread emits while its recorder is ${how}, in one turn of its event loop`, async () => {
    await using runtime = await started({ durable: { directory: mkdtempSync(join(tmpdir(), "threads-")) } })
    await using thread = await attachThread("spin")
    const spinning = thread.run("spin")
    await until(() => thread.emitted > 20_000)
    if (how === "removed") await runtime.stopAndRemoveRecorder(`spin/thread-${threadId(thread)}`)
    else await runtime.shutdown()
    const atEnd = thread.emitted
    thread.release()
    const { accepted, applied, pending, refusedBy } = await spinning
    expect({ emitted: thread.emitted, accepted, applied, pending }).toEqual({
      emitted: atEnd,
      accepted: atEnd,
      applied: atEnd,
      pending: 0
    })
    expect(refusedBy.notRunning).toBeGreaterThan(0)
    if (how === "shut down") return
    const ended = await shown(runtime)
    expect(ended("threads_work_total", "spin/threads")).toBe(atEnd)
    for (const what of ["accepted", "applied"]) {
      expect(ended(`mvx_metrics_events_${what}_total`, "spin/threads")).toBe(atEnd)
    }
  })
}

it("a blocked thread delays the removal of its recorder only for a moment, and the accounting balances", async () => {
  await using runtime = await started()
  await using thread = await attachThread("still")
  await thread.run("emit", 10, 10)
  const blocked = thread.run("block", 3)
  const id = `still/thread-${threadId(thread)}`
  await until(() => thread.emitted === 13)
  await runtime.stopAndRemoveRecorder(id)
  thread.release()
  await blocked
  const ended = await shown(runtime)
  const count = (what: string) => ended(`mvx_metrics_events_${what}_total`, "still/threads")
  expect(count("accepted")).toBe(13)
  expect(count("applied") + count("evicted")).toBe(13)
  expect(ended("threads_work_total", "still/threads")).toBe(count("applied"))
})

it("the accounting of an abandoned thread balances once the fold has reached its events", async () => {
  const { open, spawn } = gatedWorker()
  await using runtime = await started({ spawn, shutdownTimeout: "50 millis" }, { metrics: [WorkMetrics] })
  await using thread = await attachThread("outage")
  const gated = await runtime.createRecorder("gated")
  await gated.registerMetric(GatedTicks)
  gated.registerEvent(gatedTick(1))
  await thread.run("burst", 100)
  await thread.terminate()
  await until(() => runtime.recorderIds.length === 1)
  open()
  // A scrape has the accounting of the moment it was asked for.
  await shown(runtime)
  const ended = await shown(runtime)
  const books = (what: string) => ended(`mvx_metrics_events_${what}`, "outage/threads")
  expect(ended("threads_work_total", "outage/threads")).toBe(100)
  expect([books("accepted_total"), books("applied_total"), books("pending")]).toEqual([100, 100, 0])
})

it("a thread whose runtime is closed creates no recorders, and reports why", async () => {
  await using _ = await started()
  await using thread = await attachThread("closed")
  await thread.run("shutdown")
  await expect(thread.run("create", "late")).rejects.toMatchObject({ tag: "mvx-metrics/InvalidState" })
})

it("attaching a thread, and creating its recorders, are bounded by their limits if the main thread is busy", async () => {
  await using _ = await started()
  await using late = startThread({ startTimeout: "50 millis" })
  await using attached = startThread({ waitTimeout: "1 second" })
  await attached.run("attach")
  const done = new Int32Array(new SharedArrayBuffer(8))
  const attaching = late.run("signal", done, 0, "attach").catch((error) => error)
  const creating = attached.run("signal", done, 1, "create", "late").catch((error) => error)
  // As a synchronous pool waits for its threads.
  Atomics.wait(done, 0, 0)
  Atomics.wait(done, 1, 0)
  expect(await attaching).toMatchObject({
    tag: "mvx-metrics/RuntimeFailed",
    message: expect.stringContaining("the main thread has not answered within")
  })
  expect(await creating).toMatchObject({
    tag: "mvx-metrics/RecorderFailed",
    message: expect.stringContaining("the main thread has not answered within 1s")
  })
  // What came too late is for the next one.
  await attached.run("create", "again")
  await attached.run("emit", 5, 5)
  expect(await attached.run("snapshots")).toMatchObject({ [Work.name]: { dimensions: { value: 5 } } })
})

it("the end of the main thread's runtime is never logged as an error", async () => {
  const lines: Array<string> = []
  const logger = ({ level, message }: LogEntry) => void lines.push(`${level} ${message}`)
  const runtime = await started({ logging: "normal", logger })
  await using thread = await attachThread("quiet")
  await thread.run("emit", 10, 10)
  await runtime.shutdown()
  const { refusedBy, state } = await thread.run("burst", 5)
  expect([refusedBy.notRunning, state]).toEqual([5, "Failed"])
  await expect(thread.run("snapshots")).rejects.toMatchObject({
    message: expect.stringContaining("the runtime of the main thread was shut down")
  })
  await thread.run("shutdown").catch(() => {})
  expect(await thread.run("logged")).toEqual([])
  expect(lines.filter((line) => /^(warn|error)/.test(line))).toEqual([])
})

it("a recorder that the main thread removes is an error in its thread", async () => {
  await using runtime = await started()
  await using thread = await attachThread("removed")
  await runtime.stopAndRemoveRecorder(`removed/thread-${threadId(thread)}`)
  await thread.run("stats")
  expect(await thread.run("logged")).toEqual([
    expect.stringMatching(/ERROR.*the recorder was removed by the main thread/)
  ])
})

it("a runtime accepts threads again after another one of its namespace, which replaced it, has ended", async () => {
  await using runtime = await started()
  const other = await started()
  await other.shutdown()
  await runtime.acceptThreads()
  await using thread = await attachThread("again")
  await thread.run("emit", 5, 5)
  expect(await runtime.getRecorder(`again/thread-${threadId(thread)}`).getMetricSnapshot(Work)).toMatchObject({
    dimensions: { value: 5 }
  })
})

it("a thread is attached by a port if it does not find the runtime by itself", async () => {
  await using runtime = await MetricsRuntime.start({ namespace: "test.port", logging: "silent" })
  await using thread = await attachThread("port", { port: await runtime.threadPort() })
  await thread.run("emit", 10, 10)
  await thread.run("shutdown")
  await until(() => runtime.recorderIds.length === 0)
  expect((await shown(runtime))("threads_work_total", "port/threads")).toBe(10)
})

it("a metric of a thread and one of the main thread cannot share a Prometheus name", async () => {
  await using runtime = await started()
  const own = await runtime.createRecorder("own")
  await own.registerMetric(ClashingMetrics)
  await using thread = startThread()
  await thread.run("attach")
  await expect(thread.run("create", "clash")).rejects.toMatchObject({
    tag: "mvx-metrics/RegisterError",
    message: expect.stringContaining(`would both be "threads_work"`)
  })
  // Of a set that is refused, none has a name.
  await runtime.createRecorder("other").then((other) => other.registerMetric(ClashingMillis))
  await runtime.stopAndRemoveRecorder("own")
  await expect(thread.run("create", "again")).rejects.toMatchObject({
    message: expect.stringContaining(`would both be "threads_millis`)
  })
  await runtime.stopAndRemoveRecorder("other")
  await thread.run("create", "at last")
  const late = await runtime.createRecorder("late")
  await expect(late.registerMetric(ClashingMetrics)).rejects.toThrow(`would both be "threads_work"`)
  await expect(late.registerMetric(ClashingMillis)).rejects.toThrow(`would both be "threads_millis`)
})

it("one of two threads that request a Prometheus name at once gets it, and keeps it", async () => {
  for (let round = 0; round < 4; round++) {
    await using runtime = await started()
    await using one = startThread()
    await using other = startThread()
    for (const [i, thread] of [one, other].entries()) {
      await thread.run("attach")
      await thread.run("createEmpty", `of ${i}`)
    }
    const asked = [one.run("registerWork"), other.run("registerClashing")]
    const results = await Promise.allSettled(asked)
    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []))
    expect(refused).toEqual([
      { tag: "mvx-metrics/RegisterError", message: expect.stringContaining(`would both be "threads_work"`) }
    ])
    // Also while it has no recorder: it asks once.
    const [winner, loser] = results[0]!.status === "fulfilled" ? [one, other] : [other, one]
    await winner.run("remove", winner === one ? "of 0" : "of 1")
    const again = loser === one ? ("registerWork" as const) : ("registerClashing" as const)
    await expect(loser.run(again)).rejects.toMatchObject({ tag: "mvx-metrics/RegisterError" })
    await winner.run("shutdown")
    await until(() => runtime.stats.threads?.length === 1)
    await loser.run(again)
  }
})

it("an abandoned registration of a thread keeps no Prometheus name", async () => {
  await using runtime = await started()
  await using thread = startThread({ waitTimeout: "50 millis" })
  await thread.run("attach")
  await thread.run("createEmpty", "given up")
  const done = new Int32Array(new SharedArrayBuffer(4))
  const registering = thread.run("signal", done, 0, "registerWork").catch((error) => error)
  // The metrics are found when the thread waits for them no more.
  Atomics.wait(done, 0, 0)
  expect(await registering).toMatchObject({
    tag: "mvx-metrics/RegisterError",
    message: expect.stringContaining("were not looked up within 50ms by the main thread")
  })
  const own = await runtime.createRecorder("own")
  await expect.poll(() => own.registerMetric(ClashingMetrics), { timeout: 10_000 }).toBeDefined()
  // The thread asks again, and gets what is free.
  await expect
    .poll(() => thread.run("registerWork").catch((error) => error), { timeout: 10_000 })
    .toMatchObject({
      message: expect.stringContaining(`would both be "threads_work"`)
    })
})

it("unsupported calls in a thread fail with what to do instead", async () => {
  await using inProcess = await MetricsRuntime.start({
    namespace: "test.inProcess",
    logging: "silent",
    inProcess: true
  })
  await expect(inProcess.acceptThreads()).rejects.toThrow(/Make the runtime with MetricsLayer.layerWorker/)
  await using thread = startThread()
  await expect(thread.run("attach")).rejects.toMatchObject({
    tag: "mvx-metrics/RuntimeFailed",
    message: expect.stringContaining("Call acceptThreads in the main thread")
  })
  await using _ = await started()
  await using elsewhere = startThread({ namespace: "test.other" })
  await expect(elsewhere.run("attach")).rejects.toMatchObject({
    message: expect.stringContaining('name one of the runtimes that accept threads: namespace: "test.threads"')
  })
  await thread.run("attach")
  await thread.run("create", "errors")
  await expect(thread.run("registerOdd")).rejects.toMatchObject({
    tag: "mvx-metrics/RegisterError",
    message: expect.stringContaining("give it to acceptThreads in the main thread")
  })
  expect(await thread.run("scrape")).toBe(503)
  for (const totalOfRemoved of [5, " ", {}]) {
    await expect(thread.run("create", "invalid", { totalOfRemoved } as never)).rejects.toMatchObject({
      message: expect.stringContaining("totalOfRemoved")
    })
  }
})
