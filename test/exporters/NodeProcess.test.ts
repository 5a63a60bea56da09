// Process metrics measure events that the process emits about itself.
import { createHistogram } from "node:perf_hooks"
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import * as Prometheus from "mvx-metrics/Prometheus"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
import { delaysOf } from "../../src/internal/process/delays.ts"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { runtimeLayers } from "../support/bothLayers.ts"

interface Shown {
  readonly value?: number
  readonly series?: ReadonlyArray<{ readonly labels: { readonly [name: string]: string }; readonly value: number }>
}

/** What is shown by the value of the only label, or by itself. */
const numbers = (shown: Shown | undefined): { readonly [label: string]: number } =>
  shown?.series === undefined
    ? { value: shown?.value ?? Number.NaN }
    : Object.fromEntries(shown.series.map(({ labels, value }) => [Object.values(labels)[0]!, value]))

const read = Effect.gen(function* () {
  const recorder = yield* (yield* MetricsRuntime).getRecorder("process")
  const { snapshots, stats } = yield* recorder.report
  return { stats, of: (name: string) => numbers(snapshots[name]?.dimensions as Shown | undefined) }
})

const layers = runtimeLayers([new URL("../support/process.metrics.ts", import.meta.url)])

for (const [where, runtime] of Object.entries(layers)) {
  layer(Layer.provideMerge(NodeProcess.layer({ interval: "1 minute" }), runtime))(`process metrics, ${where}`, (it) => {
    it.effect("are measured at once, and again after each interval", () =>
      Effect.gen(function* () {
        const { of, stats } = yield* read
        const cpu = process.cpuUsage()
        expect(stats).toMatchObject({ refused: 0, ignored: 0 })
        expect(Object.keys(of("process.cpu.time"))).toEqual(["user", "system"])
        expect(of("process.cpu.time").user).toBeGreaterThan(0)
        expect(of("process.cpu.time").user).toBeLessThanOrEqual(cpu.user / 1e6)
        expect(of("process.cpu.utilization").user).toBeGreaterThan(0)
        expect(of("process.uptime").value).toBeLessThanOrEqual(process.uptime())
        expect(of("process.memory.usage").value).toBeGreaterThan(1e6)
        expect(of("nodejs.eventloop.utilization").value).toBeGreaterThanOrEqual(0)
        expect(of("nodejs.eventloop.utilization").value).toBeLessThanOrEqual(1)
        expect(Object.keys(of("nodejs.eventloop.time"))).toEqual(["active", "idle"])
        const used = of("v8js.memory.heap.used")
        expect(Object.keys(used)).toContain("old_space")
        for (const [space, bytes] of Object.entries(of("v8js.memory.heap.limit"))) {
          expect(bytes).toBeGreaterThanOrEqual(used[space]!)
        }

        const start = of("process.start_time").value!
        expect(Math.abs(start + process.uptime() - Date.now() / 1000)).toBeLessThan(1)

        const before = of("process.cpu.time")
        yield* TestClock.adjust("1 minute")
        const again = yield* read
        expect(again.stats.accepted).toBeGreaterThan(stats.accepted)
        expect(again.of("process.cpu.time").user).toBeGreaterThanOrEqual(before.user!)
        expect(again.of("process.cpu.time").user).toBeLessThanOrEqual(process.cpuUsage().user / 1e6)
        expect(again.of("process.uptime").value).toBeGreaterThan(of("process.uptime").value!)
      })
    )
  })
}

layer(Layer.provideMerge(NodeProcess.layer({ interval: "1 day" }), layers["in process"]!))("process metrics", (it) => {
  it.effect.each([0, 1, 2])("show a blocked event loop in the histogram, also %i turns after a read", (turns) =>
    Effect.gen(function* () {
      const longest = Effect.gen(function* () {
        yield* TestClock.adjust("1 second")
        yield* nextTurn
        const recorder = yield* (yield* MetricsRuntime).getRecorder("process")
        const { dimensions } = (yield* recorder.snapshots)["nodejs.eventloop.delay"]!
        return (dimensions as { readonly max: number | null }).max ?? 0
      })
      const before = yield* longest
      yield* Effect.repeat(nextTurn, { times: turns })
      // Each is longer than the one before.
      const millis = Math.ceil(before * 1000) + 60
      for (const until = performance.now() + millis; performance.now() < until; );
      yield* Effect.repeat(longest, { until: (max) => max >= millis / 1000, times: 50 })
      expect(yield* longest).toBeGreaterThanOrEqual(millis / 1000)
    })
  )

  it.effect("have the names that Prometheus clients use", () =>
    Effect.gen(function* () {
      const text = yield* Prometheus.render()
      const [major, minor, patch] = process.versions.node.split(".")
      expect(text).toContain(`version="${process.version}",major="${major}",minor="${minor}",patch="${patch}"} 1\n`)
      const values = new Map(
        Array.from(
          text.matchAll(/^(process_\w+|nodejs_eventloop_delay_seconds_\w+)\{.*\} (\S+)$/gm),
          ([, name, value]) => [name, Number(value)]
        )
      )
      const linux = process.platform === "linux"
      expect(values.has("process_open_fds")).toBe(linux)
      if (linux) {
        expect(values.get("process_open_fds")).toBeGreaterThan(2)
        expect(values.get("process_max_fds")).toBeGreaterThanOrEqual(values.get("process_open_fds")!)
        expect(values.get("process_virtual_memory_bytes")).toBeGreaterThan(values.get("process_memory_usage_bytes")!)
        expect(values.get("process_heap_bytes")).toBeGreaterThan(1e6)
      }
      expect([...values.keys()]).toEqual(
        expect.arrayContaining(["process_start_time_seconds", "nodejs_eventloop_delay_seconds_count"])
      )
    })
  )
})

describe("the delays in a Node histogram", () => {
  it.each([1, 2, 3, 17, 1000])("keep their count in each bucket, with %i of them", (count) => {
    const boundaries = [0.015, 0.02, 0.05, 0.3]
    const histogram = createHistogram()
    for (let i = 0; i < count; i++) histogram.record([10, 11, 12, 19, 25, 40, 310][(i * i) % 7]! * 1e6 + i)
    const inBuckets = (values: ReadonlyArray<number>) =>
      [...boundaries, Number.POSITIVE_INFINITY].map((most) => values.filter((value) => value <= most).length)
    const each = Array.from({ length: count }, (_, i) => histogram.percentile((100 * (i + 1)) / count) / 1e9)
    const values = delaysOf(histogram, boundaries)
    expect(values).toHaveLength(count)
    expect(inBuckets(values)).toEqual(inBuckets(each))
    expect(Math.max(...values)).toBe(Math.max(...each))
  })

  it("are empty if no time has passed", () => {
    expect(delaysOf(createHistogram(), [1])).toEqual([])
  })
})

describe("the events of a process", () => {
  it("are exactly those that its metrics handle", () => {
    const concerned = new Set(NodeProcess.ProcessMetrics.metrics.flatMap(({ instrument }) => instrument?.tags ?? []))
    expect(concerned).toEqual(new Set(Object.keys(NodeProcess.ProcessEvent.cases)))
  })
})

describe("process metrics without Effect", () => {
  it.each([true, false])("are measured until they are stopped, with inProcess: %s", async (inProcess) => {
    await using runtime = await Facade.start({ namespace: "test.process", inProcess, logging: "silent" })
    const measuring = await NodeProcess.start(runtime, { recorderId: "me" })
    expect(runtime.getRecorder("me").stats.accepted).toBeGreaterThan(0)
    await expect(NodeProcess.start(runtime, { recorderId: "me" })).rejects.toMatchObject({
      _tag: "mvx-metrics/RecorderAlreadyExists"
    })
    await expect(NodeProcess.start(runtime, { interval: "soon" as never })).rejects.toMatchObject({
      _tag: "mvx-metrics/InvalidArgument",
      argument: "interval"
    })
    await measuring.stop()
    await measuring.stop()
    expect(runtime.recorderIds).toEqual([])
  })
})
