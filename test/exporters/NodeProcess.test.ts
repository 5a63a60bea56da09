// The process says what happens to it, as events; metrics measure it.
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import * as NodeProcess from "mvx-metrics/NodeProcess"
import { MetricsRuntime as Facade } from "mvx-metrics/promise"
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
  layer(Layer.provideMerge(NodeProcess.layer({ interval: "1 minute" }), runtime))(`the process, ${where}`, (it) => {
    it.effect("is measured at once, and again after each interval", () =>
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

describe("the events of a process", () => {
  it("are those that its metrics are concerned by, all of them", () => {
    const concerned = new Set(NodeProcess.ProcessMetrics.metrics.flatMap(({ instrument }) => instrument?.tags ?? []))
    expect(concerned).toEqual(new Set(Object.keys(NodeProcess.ProcessEvent.cases)))
  })
})

describe("without Effect", () => {
  it.each([true, false])("a process is measured until it is stopped, with inProcess: %s", async (inProcess) => {
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
