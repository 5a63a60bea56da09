/** The threads that are attached to a runtime. Loaded by a runtime that accepts threads. */
import { MessageChannel, type MessagePort } from "node:worker_threads"
import * as Effect from "effect/Effect"
import type { Link, LinkedThreads } from "../link/link.ts"
import type { WorkerCatalog } from "../link/workerCatalog.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { ThreadStats } from "../model/runtimeStats.ts"
import { addCounts, noCounts } from "../model/stats.ts"
import { acceptAt } from "../threads/finding.ts"
import { HostedThread, type HostRuntime } from "../threads/hostedThread.ts"
import { KnownMetrics } from "../threads/knownMetrics.ts"
import type { FromThread, ToThread } from "../threads/messages.ts"
import { Version } from "../util/version.ts"
import { encodeModuleError } from "../worker/startErrors.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RecorderRegistry } from "./registry.ts"

interface HostOptions {
  readonly registry: RecorderRegistry
  readonly lifecycle: RuntimeLifecycle
  readonly link: Link
  readonly catalog: WorkerCatalog
  readonly threads: LinkedThreads
}

export class ThreadHost {
  readonly #options: HostOptions
  readonly #attached = new Set<HostedThread>()
  readonly #known: KnownMetrics
  #stop: (() => void) | undefined

  constructor(options: HostOptions) {
    this.#options = options
    const { catalog, link, registry } = options
    const registered = () => registry.controls.flatMap((control) => control.metricsUnsafe())
    this.#known = new KnownMetrics(catalog, registered)
    link.onRestart(({ _tag }) => {
      if (_tag === "Restarted") for (const thread of this.#attached) thread.restarted()
    })
    link.onFailure(() => this.close())
  }

  /** Metrics that threads may register. */
  add(metrics: Iterable<Metric.Any | Metric.MetricSet>): void {
    this.#known.add(metrics)
  }

  /** Lets threads find the runtime by themselves. */
  accept(): void {
    // Another runtime of the namespace may have taken the place, and be gone.
    this.#stop?.()
    this.#stop = acceptAt(this.#options.registry.namespace, this.#attach)
  }

  port(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#attach(port1)
    return port2
  }

  /** The thread's first message contains what it needs. */
  readonly #attach = (port: MessagePort): void => {
    port.once("message", (hello: FromThread) => {
      if (hello._tag !== "Hello") return port.close()
      if (hello.version === Version) {
        const { lifecycle, threads } = this.#options
        const thread = new HostedThread(port, hello, threads, this.#runtime)
        this.#attached.add(thread)
        if (!lifecycle.isRunning) thread.closing()
        return
      }
      const reason = `the thread has version ${hello.version} of mvx-metrics, and the main thread ${Version}. Use one version`
      port.postMessage({ _tag: "Refused", reason } satisfies ToThread)
      port.close()
    })
    port.unref()
  }

  get #runtime(): HostRuntime {
    const { lifecycle, link, registry } = this.#options
    return {
      namespace: registry.namespace,
      link,
      isRunning: () => lifecycle.isRunning,
      makeRecorder: (threadId, recorder, remote) => registry.attach(threadId, recorder, remote),
      removeRecorder: (control) => Effect.ignore(registry.remove(control)),
      find: (metrics, modules) => Effect.mapError(this.#known.find(metrics, modules), encodeModuleError),
      definition: (name) => this.#known.get(name),
      run: (effect) => lifecycle.inBackground(effect),
      onEnd: (thread) => {
        const remaining = Effect.forEach(thread.controls, (control) => Effect.ignore(registry.remove(control)), {
          concurrency: "unbounded",
          discard: true
        })
        const ended = Effect.sync(() => {
          thread.ended()
          this.#attached.delete(thread)
        })
        const logged = lifecycle.log.lifecycle(
          `the thread ${thread.threadId} has ended, and all of its events are folded`
        )
        // Its names are then free, and its events are folded.
        const removed = Effect.andThen(remaining, thread.removed)
        lifecycle.inBackground(Effect.andThen(Effect.ensuring(removed, ended), logged))
      }
    }
  }

  get stats(): ReadonlyArray<ThreadStats> {
    return Array.from(this.#attached, ({ controls, memory, threadId }) => {
      const all = controls.map((control) => control.statsUnsafe())
      const { capacity: _, ...counts } = all.reduce<typeof noCounts>((sum, stats) => addCounts(sum, stats), noCounts)
      return { threadId, recorders: controls.length, memory, ...counts }
    })
  }

  /** No thread can attach from now on. Attached threads know that the runtime ends, and does not fail. */
  closing(): void {
    this.#stopAccepting()
    for (const thread of this.#attached) thread.closing()
  }

  close(): void {
    this.#stopAccepting()
    for (const thread of this.#attached) thread.close()
    this.#attached.clear()
  }

  #stopAccepting(): void {
    this.#stop?.()
    this.#stop = undefined
  }
}
