// Events of attached threads reach an aggregator in the order in which the worker of their process folds them.

import { Worker } from "node:worker_threads"
import { Effect, Layer, Schedule } from "effect"
import { EventStore, MetricsStore, type StoreReport } from "mvx-metrics/MetricsStore"
import { MetricsStream, type StreamReport } from "mvx-metrics/MetricsStream"
import { MetricsRuntime, type StartOptions } from "mvx-metrics/promise"
import { expect, it } from "vitest"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { channelEvents } from "../store/fixtures/channelEvents.ts"
import { serve } from "../store/fixtures/channelStore.ts"
import { type OpenStore, openStore } from "../store/support.ts"
import { until } from "../support/until.ts"
import { attachThread } from "../worker/fixtures/threads/startThread.ts"
import { WorkMetrics } from "../worker/fixtures/threads/threads.metrics.ts"
import { dimensionsOf } from "./support/requests.ts"

const namespace = "test.threadStreams"

/** A store of states beside that of events, and what has come there by now. */
interface States {
  readonly store: OpenStore["module"]
  readonly report: () => Promise<StoreReport>
}

/** Runs something with a runtime whose events go to a store of the test. `report`: what has come there by now. */
const withStream = (
  options: Partial<StartOptions>,
  run: (runtime: MetricsRuntime, report: () => Promise<StreamReport>, states: States) => Promise<void>
) =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const channel = `events ${process.pid} ${Math.random()}`
    yield* serve(channel, store)
    const stream = yield* MetricsStream.make({
      namespace,
      metrics: [WorkMetrics],
      store: Layer.succeed(EventStore, store),
      interval: "1 hour"
    })
    const states = yield* openStore
    const reader = yield* MetricsStore.makeReader({ store: states.layer, namespace, metrics: [WorkMetrics] })
    const report = () => Effect.runPromise(Effect.andThen(stream.foldNow, stream.report))
    yield* Effect.promise(async () => {
      const all = { namespace, logging: "silent", stream: { store: channelEvents(channel), interval: "1 hour" } }
      const runtime = await MetricsRuntime.start({ ...all, ...options } as StartOptions)
      await using _ = runtime
      await runtime.acceptThreads({ metrics: [WorkMetrics] })
      await run(runtime, report, { store: states.module, report: () => Effect.runPromise(reader.report) })
    })
  }).pipe(Effect.scoped, Effect.runPromise)

/** What each recorder of a runtime has. */
const local = async (runtime: MetricsRuntime) =>
  Object.fromEntries(
    await Promise.all(
      runtime.recorderIds.map(
        async (id) => [id, dimensionsOf(await runtime.getRecorder(id).getMetricSnapshots())] as const
      )
    )
  )

const aggregated = ({ recorders }: StreamReport) =>
  Object.fromEntries(Object.entries(recorders).map(([id, { snapshots }]) => [id, dimensionsOf(snapshots)]))

it("the stream has each event of each thread under its recorder, although string codes differ between threads", () =>
  withStream({}, async (runtime, report) => {
    const own = await runtime.createRecorder("own")
    const { emit } = await own.registerMetric(WorkMetrics)
    const threads = await Promise.all(["a", "b", "c"].map((id) => attachThread(id)))
    for (const round of [1, 2]) {
      for (let n = 0; n < 103; n++) emit({ _tag: "threads.work", kind: `own ${n % 4}`, millis: n })
      await Promise.all(threads.map((thread, i) => thread.run("emit", 100 * i + 203, 50)))
      await runtime.flush()
      const expected = await local(runtime)
      expect(Object.keys(expected)).toHaveLength(4)
      expect(aggregated(await report()), `round ${round}`).toEqual(expected)
    }
    const [first] = threads
    const ended = `a/thread-${first!.worker.threadId}`
    const before = (await local(runtime))[ended]
    await first!.terminate()
    await until(() => runtime.recorderIds.length === 3)
    await runtime.flush()
    const { recorders } = await report()
    expect(dimensionsOf(recorders["a/threads"]!.snapshots)).toEqual(before)
    expect(recorders["a/threads"]!.events).toEqual({ applied: first!.emitted, ignored: 0, evicted: 0, missed: 0 })
    expect(recorders[ended]).toBeUndefined()
    for (const thread of threads.slice(1)) await thread.terminate()
  }))

it("every event is counted exactly once in both stores if the worker and threads end meanwhile", () => {
  const workers: Array<Worker> = []
  const spawn = () => {
    const worker = new Worker(new URL("../worker/fixtures/threads/threads.worker.ts", import.meta.url))
    workers.push(worker)
    return worker
  }
  return withStream({ spawn, restart: Schedule.spaced("1 milli") }, async (runtime, report, states) => {
    await runtime.writeTo({ store: states.store, every: "1 hour" })
    const threads = await Promise.all([1, 2].map(() => attachThread("lasting", { memoryLimit: 1, capacity: 20_000 })))
    const [ends, stays] = threads
    void ends!.run("emit", 1e9, 300)
    const emitting = stays!.run("emit", 15_000, 300)
    for (let kill = 1; kill <= 2; kill++) {
      await until(() => stays!.emitted > 5000 * kill)
      await workers.at(-1)!.terminate()
      if (kill === 1) await ends!.terminate()
      await until(() => runtime.stats.restarts === kill)
    }
    await emitting
    await until(() => runtime.recorderIds.length === 1)
    await runtime.flush()
    const { recorders } = await report()
    const id = runtime.recorderIds[0]!
    expect(dimensionsOf(recorders[id]!.snapshots)).toEqual((await local(runtime))[id])
    const { applied, ...others } = recorders["lasting/threads"]!.events
    expect(applied - ends!.emitted).toBeOneOf([0, 1])
    expect(others).toEqual({ ignored: 0, evicted: 0, missed: 0 })
    const written = await states.report()
    expect(dimensionsOf(written.recorders[id]!.snapshots)).toEqual(dimensionsOf(recorders[id]!.snapshots))
    await stays!.terminate()
    await until(() => runtime.recorderIds.length === 0)
    await runtime.flush()
    const total = (await report()).recorders
    expect(Object.keys(total)).toEqual(["lasting/threads"])
    expect(total["lasting/threads"]!.events.applied).toBe(applied + stays!.emitted)
    const ended = (await states.report()).recorders
    expect(Object.keys(ended)).toEqual(["lasting/threads"])
    expect(dimensionsOf(ended["lasting/threads"]!.snapshots)).toEqual(dimensionsOf(total["lasting/threads"]!.snapshots))
  })
})

it("the stream has what threads have accepted when the runtime is shut down under them", () => {
  return withStream({}, async (runtime, report) => {
    const thread = await attachThread("open")
    await thread.run("emit", 1003, 100)
    await runtime.shutdown()
    const { ended, recorders } = await report()
    expect(ended).toBe(1)
    expect(Object.keys(recorders)).toEqual(["open/threads"])
    expect(recorders["open/threads"]!.events).toEqual({ applied: 1003, ignored: 0, evicted: 0, missed: 0 })
    await thread.terminate()
  })
})
