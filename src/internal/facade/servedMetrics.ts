/** The HTTP responses of the promise API. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { FetchHandler, NodeHandler } from "../exporters/httpHandlers.ts"
import { type ScrapeOptions, scrapeOptionChecks } from "../exporters/scrape.ts"
import { fetchHandler, nodeHandler } from "../exporters/scrapeHandlers.ts"
import type { Options as LivePageOptions } from "../live/server/handlers.ts"
import { whyInvalidOptions } from "../model/optionChecks.ts"
import { withService } from "../runtime/withoutEffect.ts"
import type { StartedRuntime } from "./startRuntime.ts"

/**
 * The metrics of a runtime, as request handlers. Exporters take it as their `runtime`.
 *
 * @category services
 * @since 0.2.0
 */
export class ServedMetrics {
  readonly #started: StartedRuntime

  /** @internal */
  constructor(started: StartedRuntime) {
    this.#started = started
    withService(this, started.runtime)
  }

  get namespace(): string {
    return this.#started.runtime.namespace
  }

  /**
   * Makes handlers that serve the metrics to Prometheus: one for `fetch` servers, one for `node:http`. They answer at any
   * path they are mounted at.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * const { handler } = runtime.prometheus()
   * const response = await handler(new Request("http://localhost/metrics"))
   * response.status // 200
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  prometheus(options: ScrapeOptions = {}): { readonly handler: FetchHandler; readonly nodeHandler: NodeHandler } {
    const invalid = whyInvalidOptions(options, scrapeOptionChecks)
    if (invalid !== undefined) throw invalid
    const { run, runtime } = this.#started
    return {
      handler: fetchHandler(runtime, options, run.promise),
      nodeHandler: nodeHandler(runtime, options, run.promise)
    }
  }

  /**
   * Makes handlers that serve a page with all metrics as they change, at its path and below: one for `fetch` servers, one
   * for `node:http`. Anyone who can reach the page can read every metric.
   *
   * @since 0.2.0
   */
  async livePage(
    options: LivePageOptions = {}
  ): Promise<{ readonly handler: FetchHandler; readonly nodeHandler: NodeHandler }> {
    const { fetchHandler, nodeHandler } = await import("../live/server/handlers.ts")
    const { run, runtime, scope } = this.#started
    const handlers = { handler: fetchHandler(runtime, options), nodeHandler: nodeHandler(runtime, options) }
    return run.promise(Scope.provide(Effect.all(handlers), scope))
  }
}
