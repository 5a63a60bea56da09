/** The state of a recorder that has folded the events up to a number, in process. */
import * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import type { Metric, RecorderService } from "mvx-metrics"
import { MetricsRuntime, type RuntimeService } from "mvx-metrics/MetricsRuntime"
import type { Snapshots } from "mvx-metrics/Snapshot"
import { clockOf } from "../../src/internal/util/fixedTime.ts"
import { loadEvent } from "./load.metrics.ts"

export class Reference {
  readonly #run: typeof Effect.runPromise
  readonly #runtime: RuntimeService
  readonly #metrics: ReadonlyArray<Metric.Any>
  readonly #recorders = new Map<string, { readonly recorder: RecorderService; count: number }>()

  private constructor(runtime: RuntimeService, run: typeof Effect.runPromise, metrics: ReadonlyArray<Metric.Any>) {
    this.#runtime = runtime
    this.#run = run
    this.#metrics = metrics
  }

  static async make(now: number, metrics: ReadonlyArray<Metric.Any>): Promise<Reference> {
    const { runPromise: run } = ManagedRuntime.make(
      Layer.succeed(
        Clock.Clock,
        clockOf(() => now)
      )
    )
    const made = MetricsRuntime.makeInProcess({ namespace: "faults.reference", logging: "silent" })
    const runtime = await run(Scope.provide(made, Scope.makeUnsafe()))
    await run(runtime.start)
    return new Reference(runtime, run, metrics)
  }

  async after(id: string, count: number): Promise<Snapshots> {
    const run = this.#run
    // It goes forward only.
    if ((this.#recorders.get(id)?.count ?? 0) > count) {
      this.#recorders.delete(id)
      await run(this.#runtime.stopAndRemoveRecorder(id))
    }
    let known = this.#recorders.get(id)
    if (known === undefined) {
      known = { recorder: await run(this.#runtime.createRecorder(id)), count: 0 }
      for (const metric of this.#metrics) await run(known.recorder.register(metric))
      this.#recorders.set(id, known)
    }
    while (known.count < count) {
      if (known.recorder.emitUnsafe(loadEvent(known.count + 1))) known.count++
      else await run(known.recorder.flush())
    }
    return run(known.recorder.snapshots)
  }
}
