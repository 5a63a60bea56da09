/** Makes a runtime accept threads. The code for that is loaded by the first call. */
import * as Effect from "effect/Effect"
import { refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import type { ThreadStats } from "../model/runtimeStats.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RecorderRegistry } from "./registry.ts"
import type { RuntimeService } from "./service.ts"
import type { ThreadHost } from "./threadHost.ts"
import { type ThreadsOptions, threadsOptionChecks } from "./threadOptions.ts"

export interface RuntimeThreads extends Pick<RuntimeService, "acceptThreads" | "threadPort"> {
  /** `undefined`: none were ever accepted. */
  readonly stats: () => ReadonlyArray<ThreadStats> | undefined
  /** Called when the runtime starts to end. */
  readonly closing: () => void
  readonly close: () => void
}

export const threadsOf = (lifecycle: RuntimeLifecycle, registry: RecorderRegistry): RuntimeThreads => {
  let host: ThreadHost | undefined

  const hostOf = Effect.fnUntraced(function* (
    options: ThreadsOptions | undefined
  ): Effect.fn.Return<ThreadHost, InvalidState> {
    yield* refuse(whyInvalidOptions(options, threadsOptionChecks))
    const { ThreadHost } = yield* Effect.promise(() => import("./threadHost.ts"))
    const { isRunning, link } = lifecycle
    if (!isRunning || link === undefined) return yield* lifecycle.notRunning("accept threads")
    const { catalog, threads } = link
    if (catalog === undefined || threads === undefined) {
      const hint = "A metrics worker reads what threads write. Make the runtime with MetricsLayer.layerWorker"
      return yield* lifecycle.invalidState("accept threads", hint)
    }
    host ??= new ThreadHost({ registry, lifecycle, link, catalog, threads })
    host.add(options?.metrics ?? [])
    return host
  })

  return {
    acceptThreads: (options) => Effect.map(hostOf(options), (host) => host.accept()),
    threadPort: (options) => Effect.map(hostOf(options), (host) => host.port()),
    stats: () => host?.stats,
    closing: () => host?.closing(),
    close: () => host?.close()
  }
}
