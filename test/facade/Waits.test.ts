// Each call that waits accepts its own limits: a timeout, whose error reports what was reached, and a signal.

import { type MetricsRecorder, MetricsRuntime, type WaitOptions } from "mvx-metrics/promise"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Ticks, tick } from "../support/probe.metrics.ts"

interface Held {
  readonly runtime: MetricsRuntime
  readonly recorder: MetricsRecorder
  readonly release: () => void
}

/** A recorder whose hook has one change of two in its hands, until it is let go. */
const hold = async (): Promise<Held> => {
  const runtime = await MetricsRuntime.start({ namespace: "test.waits", inProcess: true, logging: "silent" })
  let release = () => {}
  const letGo = new Promise<void>((resolve) => {
    release = resolve
  })
  return new Promise((resolve) => {
    const hold = async () => {
      const recorder = await runtime.createRecorder("held", {
        onMetricChanged: () => {
          resolve({ runtime, recorder, release })
          return letGo
        }
      })
      await recorder.registerMetric(Ticks)
      for (const n of [1, 2]) recorder.registerEvent(tick(n))
    }
    void hold()
  })
}

const waits: { readonly [call: string]: (held: Held, options?: WaitOptions) => Promise<unknown> } = {
  getMetricSnapshots: ({ recorder }, options) => recorder.getMetricSnapshots(options),
  getMetricSnapshot: ({ recorder }, options) => recorder.getMetricSnapshot(Ticks, options),
  getReport: ({ recorder }, options) => recorder.getReport(options),
  getMetricStates: ({ recorder }, options) => recorder.getMetricStates(options),
  "a delta read": ({ recorder }, options) => recorder.createDeltaReader().read(options),
  "flush of the recorder": ({ recorder }, options) => recorder.flush(options),
  "flush of the runtime": ({ runtime }, options) => runtime.flush(options)
}

describe.each(Object.entries(waits))("%s", (call, wait) => {
  let held: Held
  beforeAll(async () => {
    held = await hold()
  })
  afterAll(() => held.runtime.shutdown())

  it("rejects after its timeout with what was reached", async () => {
    await expect(wait(held, { timeout: 5 })).rejects.toMatchObject(
      call === "flush of the runtime"
        ? { _tag: "mvx-metrics/FlushFailed", failures: [{ recorderId: "held", accepted: 2, folded: 0 }] }
        : { _tag: "mvx-metrics/WaitTimeout", timeout: "5ms", sequence: 2, folded: 0, hook: "onMetricChanged" }
    )
  })

  it("rejects with the reason of its signal, whether it is aborted before or during the wait", async () => {
    const controller = new AbortController()
    const waiting = wait(held, { signal: controller.signal })
    const reason = new Error("the client has gone away")
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(wait(held, { signal: controller.signal })).rejects.toBe(reason)
  })

  it("rejects invalid limits", async () => {
    const bad: ReadonlyArray<readonly [options: unknown, argument: string]> = [
      [{ timeout: "soon" }, "timeout"],
      [{ signal: {} }, "signal"],
      [{ limit: 5 }, "limit"],
      [null, "options"]
    ]
    for (const [options, argument] of bad) {
      await expect(wait(held, options as WaitOptions)).rejects.toMatchObject({
        _tag: "mvx-metrics/InvalidArgument",
        argument
      })
    }
  })

  it("resolves within its limits once the recorder continues", async () => {
    held.release()
    await wait(held, { timeout: "1 minute", signal: new AbortController().signal })
    expect(held.recorder.stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
  })
})
