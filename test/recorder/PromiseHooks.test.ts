/**
 * Hooks of `mvx-metrics/promise` that call their own recorder, which waits for them. These tests do not use Effect.
 */
import { setImmediate as nextTurn } from "node:timers/promises"
import { describe, expect, it } from "@effect/vitest"
import { type MetricsRecorder, MetricsRuntime } from "mvx-metrics/promise"
import { Ticks, tick } from "../support/probe.metrics.ts"

type Call = (recorder: MetricsRecorder, runtime: MetricsRuntime) => Promise<unknown>
type HookName = "onStarting" | "onMetricChanged" | "onStopped"

const reads: { readonly [name: string]: Call } = {
  getMetricSnapshots: (recorder) => recorder.getMetricSnapshots(),
  getMetricSnapshot: (recorder) => recorder.getMetricSnapshot(Ticks),
  getReport: (recorder) => recorder.getReport(),
  getMetricStates: (recorder) => recorder.getMetricStates(),
  "a delta read": (recorder) => recorder.createDeltaReader().read()
}

const operations: { readonly [name: string]: Call } = {
  start: (recorder) => recorder.start(),
  stop: (recorder) => recorder.stop(),
  stopRecorder: ({ recorderId }, runtime) => runtime.stopRecorder(recorderId),
  stopAndRemoveRecorder: ({ recorderId }, runtime) => runtime.stopAndRemoveRecorder(recorderId),
  shutdown: (_recorder, runtime) => runtime.shutdown(),
  "the end of a block with await using": (_recorder, runtime) => runtime[Symbol.asyncDispose]()
}

/** What became of a call that a hook makes of its own recorder, once promises and timers lie between. */
const callIn = async (runtime: MetricsRuntime, hook: HookName, call: Call) => {
  let armed = false
  let settle: (outcome: unknown) => void = () => {}
  const outcome = new Promise<unknown>((resolve) => {
    settle = resolve
  })
  const recorder = await runtime.createRecorder("hooked", {
    [hook]: async () => {
      if (!armed) return
      armed = false
      await nextTurn()
      await Promise.resolve()
      settle(
        await call(recorder, runtime).then(
          () => "done",
          (error: unknown) => error
        )
      )
    }
  })
  await recorder.registerMetric(Ticks)
  recorder.registerEvent(tick())
  if (hook === "onMetricChanged") {
    await recorder.getMetricSnapshots()
    armed = true
    recorder.registerEvent(tick())
  } else {
    if (hook === "onStarting") await recorder.stop()
    armed = true
    const operation = hook === "onStarting" ? recorder.start() : recorder.stop()
    recorder.registerEvent(tick())
    await operation
  }
  return { outcome: await outcome, recorder }
}

describe.each(["onStarting", "onMetricChanged", "onStopped"] as const)("a function as hook %s", (hook) => {
  it.each(Object.keys(operations))(
    "cannot wait for %s: it is InvalidState, and the recorder continues",
    async (name) => {
      await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
      const { outcome, recorder } = await callIn(runtime, hook, operations[name]!)
      expect(outcome).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "recorder" })
      expect((await recorder.getReport()).stats.pending).toBe(0)
    }
  )

  it.each(Object.keys(reads))("cannot wait for %s while events wait for the hook", async (name) => {
    await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
    const { outcome } = await callIn(runtime, hook, reads[name]!)
    // By then everything is folded.
    if (hook === "onStopped") expect(outcome).toBe("done")
    else expect(outcome).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "recorder" })
  })
})

it("a promise that a hook starts and does not await is unrestricted once the hook has finished", async () => {
  await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
  let stopped: Promise<void> | undefined
  const recorder = await runtime.createRecorder("hooked", {
    onMetricChanged: () => {
      stopped = new Promise((resolve, reject) => {
        setTimeout(() => recorder.stop().then(resolve, reject), 0)
      })
    }
  })
  await recorder.registerMetric(Ticks)
  recorder.registerEvent(tick())
  await recorder.getReport()
  await stopped
  expect(recorder.state).toBe("Stopped")
})

it.each(["start", "getMetricSnapshots", "stop"] as const)(
  "a hook that calls %s while its recorder is created finds the recorder in its runtime, and InvalidState",
  async (call) => {
    await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
    const created = runtime.createRecorder("made", {
      onStarting: () => {
        const recorder = runtime.getRecorder("made")
        recorder.registerEvent(tick())
        return recorder[call]()
      }
    })
    await expect(created).rejects.toMatchObject({
      _tag: "mvx-metrics/HookFailed",
      hook: "onStarting",
      cause: { _tag: "mvx-metrics/InvalidState", subject: "recorder", id: "made" }
    })
    expect(runtime.recorderIds).toEqual([])
  }
)
