/** `mvx-metrics/promise`: the same recorders for code without Effect. These tests do not use Effect. */
import { setImmediate as nextTurn } from "node:timers/promises"
import { afterAll, afterEach, describe, expect, expectTypeOf, it } from "@effect/vitest"
import type { Overflow } from "mvx-metrics"
import {
  Metric,
  type MetricChange,
  MetricsError,
  MetricsRuntime,
  mergeMetricStates,
  type StartOptions
} from "mvx-metrics/promise"
import { Fragile, Notes, note, Sums, Ticks, tick } from "./support/probe.metrics.ts"

const layers = {
  "in process": { inProcess: true },
  "on the worker": { metrics: new URL("./support/probe.metrics.ts", import.meta.url) }
} as const

const start = (where: keyof typeof layers, options?: Partial<StartOptions>): Promise<MetricsRuntime> =>
  MetricsRuntime.start({ namespace: "test.facade", logging: "silent", ...layers[where], ...options } as StartOptions)

/** A promise that is settled from outside. */
const latch = () => {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** A runtime for tests that leave nothing behind but recorders: a thread takes longer to start than all of them. */
const running = new Map<string, Promise<MetricsRuntime>>()
const shared = (where: keyof typeof layers): Promise<MetricsRuntime> => {
  const started = running.get(where) ?? start(where)
  running.set(where, started)
  return started
}

describe.each(["in process", "on the worker"] as const)("the facade %s", (where) => {
  afterEach(async () => {
    const runtime = await running.get(where)
    for (const id of runtime?.recorderIds ?? []) await runtime!.stopAndRemoveRecorder(id).catch(() => {})
  })
  afterAll(async () => (await running.get(where))?.shutdown())

  it("returns snapshots that include everything registered before", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    await recorder.registerMetric(Notes)
    expect(recorder.registerEvent(tick(3))).toBe(true)
    expect(recorder.registerEvent(note("a", "b"))).toBe(true)
    expect(recorder.registerEvent(tick(4))).toBe(true)
    expect(await recorder.getMetricSnapshots()).toEqual({
      "probe.ticks": { name: "probe.ticks", dimensions: { count: 2, sum: 7 } },
      "probe.notes": { name: "probe.notes", dimensions: { notes: ["a #b"] } }
    })
  })

  it("returns the snapshot of one metric, typed by its definition", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick(3))
    const { dimensions } = await recorder.getMetricSnapshot(Ticks)
    expectTypeOf(dimensions).toEqualTypeOf<{ count: number; sum: number }>()
    expect(dimensions).toEqual({ count: 1, sum: 3 })
    await expect(recorder.getMetricSnapshot(Notes)).rejects.toBeInstanceOf(MetricsError.MetricNotRegistered)
  })

  it("returns the snapshots of a set, typed by its definitions", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    const set = Metric.combine(Ticks, Notes)
    await recorder.registerMetric(Metric.combine(set, Sums))
    recorder.registerEvent(tick(3))
    const snapshots = await recorder.getMetricSnapshot(set)
    expectTypeOf(snapshots["probe.ticks"].dimensions).toEqualTypeOf<{ count: number; sum: number }>()
    expect(snapshots).toEqual({
      "probe.ticks": { name: "probe.ticks", dimensions: { count: 1, sum: 3 } },
      "probe.notes": { name: "probe.notes", dimensions: { notes: [] } }
    })
  })

  it("returns a report: its sequence number, its time and the accounting", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder(" storage ", { entityId: "disk" })
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick())
    recorder.registerEvent(note("nobody takes it"))
    const report = await recorder.getReport()
    expect(report).toMatchObject({ recorderId: "storage", entityId: "disk", sequence: 2, at: expect.any(Number) })
    expect(report.stats).toMatchObject({ state: "Running", accepted: 2, applied: 1, ignored: 1, pending: 0 })
    expect(recorder.stats).toEqual(report.stats)
    expect(recorder).toMatchObject({ recorderId: "storage", entityId: "disk" })
  })

  it("returns states that include everything registered before and survive JSON", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Metric.combine(Ticks, Notes))
    recorder.registerEvent(tick(3))
    recorder.registerEvent(note("a", "b"))
    const states = await recorder.getMetricStates()
    expect(Object.entries(states).map(([name, { state }]) => [name, state])).toEqual([
      ["probe.ticks", { count: 1, sum: 3 }],
      ["probe.notes", ["a #b"]]
    ])
    expect(JSON.parse(JSON.stringify(states))).toEqual(states)
  })

  it("merges the states of recorders, and rejects states of another version of a metric", async () => {
    const runtime = await shared(where)
    const states = await Promise.all(
      ["one", "other"].map(async (id) => {
        const recorder = await runtime.createRecorder(id)
        await recorder.registerMetric(Sums)
        recorder.registerEvent(tick(3))
        return recorder.getMetricStates()
      })
    )
    const merged = await mergeMetricStates([Sums], states)
    expect(merged).toEqual({ "probe.sums": { name: "probe.sums", dimensions: { value: 6 } } })
    const Seconds = Sums.pipe(Metric.unit("s"))
    await expect(mergeMetricStates([Seconds], states)).rejects.toMatchObject({
      _tag: "mvx-metrics/StateMismatch",
      metric: "probe.sums",
      differences: ["unit none instead of s"]
    })
  })

  it("reads the differences since a reader's last read, or current values for metrics without differences", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Metric.combine(Sums, Ticks))
    const [one, other] = [recorder.createDeltaReader(), recorder.createDeltaReader()]
    const sum = async ({ read }: typeof one) => (await read())["probe.sums"]?.dimensions
    recorder.registerEvent(tick(3))
    expect(await sum(one)).toEqual({ value: 3 })
    recorder.registerEvent(tick(4))
    expect(await one.read()).toEqual({
      "probe.sums": { name: "probe.sums", dimensions: { value: 4 } },
      "probe.ticks": { name: "probe.ticks", dimensions: { count: 2, sum: 7 } }
    })
    expect([await sum(other), await sum(one)]).toEqual([{ value: 7 }, { value: 0 }])
  })

  it("resets one metric, or all of them", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Metric.combine(Ticks, Notes))
    recorder.registerEvent(tick(3))
    recorder.registerEvent(note("a"))
    await recorder.resetMetrics(Ticks)
    recorder.registerEvent(tick(4))
    const shown = async () => Object.values(await recorder.getMetricSnapshots()).map(({ dimensions }) => dimensions)
    expect(await shown()).toEqual([{ count: 1, sum: 4 }, { notes: ["a"] }])
    await recorder.resetMetrics()
    expect(await shown()).toEqual([{ count: 0, sum: 0 }, { notes: [] }])
    await expect(recorder.resetMetrics(Fragile)).rejects.toBeInstanceOf(MetricsError.MetricNotRegistered)
  })

  it("starts a recorder, stops it and starts it again with its state", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    expect(recorder.state).toBe("Running")
    recorder.registerEvent(tick(2))
    await recorder.stop()
    expect(recorder.state).toBe("Stopped")
    expect(recorder.registerEvent(tick(100))).toBe(false)
    expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 2 })
    await recorder.start()
    recorder.registerEvent(tick(5))
    expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 7 })
    expect(recorder.stats).toMatchObject({ state: "Running", accepted: 2, refusedBy: { notRunning: 1 } })
  })

  it("accepts a first start of a recorder that is already started, and rejects a second one", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.start()
    expect(recorder.state).toBe("Running")
    await expect(recorder.start()).rejects.toMatchObject({ _tag: "mvx-metrics/InvalidState", state: "Running" })
  })

  it("iterates over every change in order, until the recorder stops", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    const sums: Array<unknown> = []
    const listening = (async () => {
      for await (const { sequence, snapshot, tag } of recorder.changes())
        sums.push([tag, sequence, snapshot.dimensions])
    })()
    await recorder.getReport()
    recorder.registerEvent(tick(1))
    recorder.registerEvent(note("not concerned"))
    recorder.registerEvent(tick(2))
    await recorder.stop()
    await listening
    expect(sums).toEqual([
      ["probe.tick", 1, { count: 1, sum: 1 }],
      ["probe.tick", 3, { count: 2, sum: 3 }]
    ])
  })

  it("iterates over the changes of one metric, typed by its definition", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Metric.combine(Ticks, Notes))
    const seen: Array<unknown> = []
    const listening = (async () => {
      for await (const { sequence, snapshot } of recorder.changesOf(Notes)) {
        expectTypeOf(snapshot.dimensions).toEqualTypeOf<{ notes: ReadonlyArray<string> }>()
        seen.push([sequence, snapshot.dimensions.notes.length])
      }
    })()
    await recorder.getReport()
    recorder.registerEvent(tick(1))
    recorder.registerEvent(note("a"))
    await recorder.stop()
    await listening
    expect(seen).toEqual([[2, 1]])
  })

  it("resolves concurrent requests for changes with one change each, in order", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    for (const changes of [recorder.changes(), recorder.changesOf(Ticks)]) {
      const iterator = changes[Symbol.asyncIterator]()
      const first = [iterator.next(), iterator.next(), iterator.next()]
      await recorder.getReport()
      const before = recorder.stats.accepted
      for (let n = 1; n <= 6; n++) recorder.registerEvent(tick(1))
      const taken = await Promise.all([...first, iterator.next(), iterator.next(), iterator.next()])
      expect(taken.map(({ value }) => value.sequence - before)).toEqual([1, 2, 3, 4, 5, 6])
      const waiting = [iterator.next(), iterator.next()]
      await iterator.return!()
      expect((await Promise.all(waiting)).map(({ done }) => done)).toEqual([true, true])
    }
  })

  it("stops listening when a loop over changes is left early", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    const first = (async () => {
      for await (const change of recorder.changes()) return change
      return undefined
    })()
    await recorder.getReport()
    recorder.registerEvent(tick(1))
    expect((await first)?.snapshot.dimensions).toEqual({ count: 1, sum: 1 })
    // Had it not, so many changes would wait for a listener, and the read for them.
    for (let n = 0; n < 500; n++) recorder.registerEvent(tick())
    expect((await recorder.getReport()).stats).toMatchObject({ applied: 501, pending: 0 })
  })

  it("ends an iteration that is left while it waits, at any time", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    const over = { done: true, value: undefined }
    const changes = recorder.changes()[Symbol.asyncIterator]()
    const waiting = changes.next()
    expect(await changes.return!()).toEqual(over)
    expect(await Promise.all([waiting, changes.next(), changes.return!()])).toEqual([over, over, over])
    const untouched = recorder.latestChanges()[Symbol.asyncIterator]()
    expect(await untouched.return!()).toEqual(over)
    expect(await untouched.next()).toEqual(over)
    for (let n = 0; n < 500; n++) recorder.registerEvent(tick())
    expect((await recorder.getReport()).stats).toMatchObject({ applied: 500, pending: 0 })
  })

  it("passes the latest change of each metric to a slow listener, and does not wait for it", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Ticks)
    await recorder.registerMetric(Notes)
    const changes = recorder.latestChanges()[Symbol.asyncIterator]()
    const first = changes.next()
    await recorder.getReport()
    recorder.registerEvent(tick(1))
    await first
    for (let n = 2; n <= 500; n++) recorder.registerEvent(tick(1))
    recorder.registerEvent(note("last"))
    expect((await recorder.getReport()).stats.pending).toBe(0)
    const seen = new Map<string, unknown>()
    while (seen.size < 2 || (seen.get("probe.ticks") as { readonly count: number }).count < 500) {
      const { value } = (await changes.next()) as { readonly value: MetricChange }
      seen.set(value.snapshot.name, value.snapshot.dimensions)
    }
    expect(Object.fromEntries(seen)).toEqual({
      "probe.ticks": { count: 500, sum: 500 },
      "probe.notes": { notes: ["last"] }
    })
    await changes.return?.()
  })

  it("runs hooks that are plain functions, synchronous or asynchronous, one after the other", async () => {
    const runtime = await shared(where)
    const log: Array<string> = []
    const later = async (what: string) => {
      await Promise.resolve()
      log.push(what)
    }
    const recorder = await runtime.createRecorder("storage", {
      onStarting: () => later("starting"),
      onMetricChanged: ({ sequence }) => (sequence === 1 ? later("change 1") : void log.push(`change ${sequence}`)),
      onStopped: () => void log.push("stopped")
    })
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick())
    recorder.registerEvent(tick())
    await recorder.stop()
    expect(log).toEqual(["starting", "change 1", "change 2", "stopped"])
  })

  it.each([
    [
      "throws",
      () => {
        throw new RangeError("no disk")
      }
    ],
    ["rejects", () => Promise.reject(new RangeError("no disk"))]
  ] as const)("fails a start or a stop whose hook %s, with its error as the cause", async (_how, hook) => {
    await using runtime = await start(where)
    const stopping = await runtime.createRecorder("stopping", { onStopped: hook })
    const failure = (name: string) => ({ _tag: "mvx-metrics/HookFailed", hook: name, cause: new RangeError("no disk") })
    const starting = runtime.createRecorder("starting", { onStarting: hook })
    await expect(starting).rejects.toMatchObject(failure("onStarting"))
    expect(runtime.findRecorder("starting")).toBeUndefined()
    await expect(stopping.stop()).rejects.toMatchObject(failure("onStopped"))
    expect(stopping.state).toBe("Failed")
  })

  it("keeps running when the hook onMetricChanged throws or rejects", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage", {
      onMetricChanged: ({ sequence }) => {
        if (sequence === 1) throw new Error("thrown")
        return Promise.reject(new Error("rejected"))
      }
    })
    await recorder.registerMetric(Ticks)
    for (const n of [1, 2, 3]) recorder.registerEvent(tick(n))
    expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 3, sum: 6 })
    expect(recorder.state).toBe("Running")
  })

  it("applies the overflow policy to events beyond the capacity", async () => {
    await using runtime = await start(where, { capacity: 2 })
    const gate = latch()
    // Each is held in its second start.
    const create = async (id: string, overflow: Overflow) => {
      let starts = 0
      const onStarting = () => (++starts === 1 ? undefined : gate.opened)
      const recorder = await runtime.createRecorder(id, { overflow, onStarting })
      await recorder.stop()
      void recorder.start()
      return recorder
    }
    const dropping = await create("dropping", "drop-newest")
    const failing = await create("failing", "fail")
    const evicting = await create("evicting", "drop-oldest")
    for (const recorder of [dropping, failing, evicting]) {
      expect([recorder.registerEvent(tick(1)), recorder.registerEvent(tick(2))]).toEqual([true, true])
    }
    expect(dropping.registerEvent(tick(3))).toBe(false)
    expect(evicting.registerEvent(tick(3))).toBe(true)
    expect(() => failing.registerEvent(tick(3))).toThrow(MetricsError.QueueOverflow)
    expect(() => failing.registerEvent(tick(3))).toThrow(
      /^recorder "failing": 2 events are accepted and not yet folded/
    )
    gate.open()
    expect((await dropping.getReport()).stats).toMatchObject({ accepted: 2, refusedBy: { overflow: 1 } })
    expect((await failing.getReport()).stats).toMatchObject({ accepted: 2, refusedBy: { overflow: 2 } })
    expect((await evicting.getReport()).stats).toMatchObject({ accepted: 3, refused: 0, evicted: 1 })
  })

  it("offers events that wait for room under backpressure, whereas registering them rejects", async () => {
    await using runtime = await start(where, { capacity: 2, overflow: "backpressure" })
    const gate = latch()
    const recorder = await runtime.createRecorder("waiting", { onMetricChanged: () => gate.opened })
    await recorder.registerMetric(Ticks)
    expect(await Promise.all([recorder.offerEvent(tick(1)), recorder.offerEvent(tick(2))])).toEqual([true, true])
    expect(recorder.registerEvent(tick(100))).toBe(false)
    const settled: Array<string> = []
    const waiting = recorder.offerEvent(tick(3)).finally(() => settled.push("offered"))
    const given = AbortSignal.abort(new RangeError("too late"))
    await expect(recorder.offerEvent(tick(200), { signal: given })).rejects.toThrow("too late")
    const control = new AbortController()
    const aborted = recorder.offerEvent(tick(300), { signal: control.signal })
    control.abort(new RangeError("no time"))
    await expect(aborted).rejects.toThrow("no time")
    expect(settled).toEqual([])
    gate.open()
    expect(await waiting).toBe(true)
    const { snapshots, stats } = await recorder.getReport()
    expect(snapshots["probe.ticks"]?.dimensions).toEqual({ count: 3, sum: 6 })
    expect(stats).toMatchObject({ offered: 4, accepted: 3, refusedBy: { overflow: 1 } })
  })

  it("resolves an offer that is aborted just after it was accepted", async () => {
    await using runtime = await start(where, { capacity: 1, overflow: "backpressure" })
    const gate = latch()
    const recorder = await runtime.createRecorder("just accepted", { onMetricChanged: () => gate.opened })
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick(1))
    const control = new AbortController()
    const offered = recorder.offerEvent(tick(2), { signal: control.signal })
    gate.open()
    while (recorder.stats.accepted < 2) await nextTurn()
    control.abort()
    expect(await offered).toBe(true)
  })

  it("rejects an offer that it cannot accept, with the reason", async () => {
    await using runtime = await start(where, { capacity: 1, overflow: "fail" })
    const gate = latch()
    const recorder = await runtime.createRecorder("refusing", { onMetricChanged: () => gate.opened })
    await recorder.registerMetric(Ticks)
    await expect(recorder.offerEvent(null as never)).rejects.toBeInstanceOf(MetricsError.InvalidArgument)
    expect(await recorder.offerEvent(tick(1))).toBe(true)
    await expect(recorder.offerEvent(tick(2))).rejects.toBeInstanceOf(MetricsError.QueueOverflow)
    await expect(recorder.offerEvent(tick(2), { singal: 1 } as never)).rejects.toMatchObject({ argument: "singal" })
    gate.open()
    await recorder.stop()
    await expect(recorder.offerEvent(tick(3))).rejects.toBeInstanceOf(MetricsError.InvalidState)
  })

  it("does not wait for room in a hook, which would deadlock", async () => {
    await using runtime = await start(where, { capacity: 1, overflow: "backpressure" })
    const outcomes: Array<boolean> = []
    const recorder = await runtime.createRecorder("waiting", {
      onMetricChanged: async () => {
        if (outcomes.length === 0) outcomes.push(await recorder.offerEvent(tick(5)))
      }
    })
    await recorder.registerMetric(Ticks)
    recorder.registerEvent(tick(1))
    expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 1 })
    expect(outcomes).toEqual([false])
  })

  it("lists the registered metrics", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    expect(recorder.metrics).toEqual([])
    await recorder.registerMetric(Metric.combine(Ticks, Notes))
    expect(recorder.metrics).toEqual([Ticks, Notes])
  })

  it("marks a quarantined metric in the snapshot", async () => {
    const runtime = await shared(where)
    const recorder = await runtime.createRecorder("storage")
    await recorder.registerMetric(Fragile)
    recorder.registerEvent({ _tag: "probe.poison", reason: "too much" })
    expect((await recorder.getMetricSnapshot(Fragile)).quarantine).toEqual({ error: "RangeError: too much", missed: 1 })
  })
})
