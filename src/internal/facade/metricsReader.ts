/** A reader of a store, for programs without Effect. */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type ScrapeOptions, scrape, scrapeOptionChecks } from "../exporters/scrape.ts"
import { whyInvalidOptions } from "../model/optionChecks.ts"
import { inOwnScope } from "../runtime/withoutEffect.ts"
import type { ReaderOptions, StoreReaderService } from "../storeReader/openReader.ts"
import type { StoreReport } from "../storeReader/storeReader.ts"
import { inSlices } from "../util/inSlices.ts"
import { textOf } from "../util/pieces.ts"
import type { Logger } from "./logger.ts"
import { runIn } from "./run.ts"
import { ServedMetrics } from "./servedMetrics.ts"
import { aLogger } from "./startOptions.ts"
import type { StartedRuntime } from "./startRuntime.ts"

/**
 * The options of a reader for programs without Effect.
 *
 * @category options
 * @since 0.2.0
 */
export interface PlainReaderOptions extends ReaderOptions {
  /** Takes the lines of the log, at every level. Default: the console. */
  readonly logger?: Logger
}

/**
 * The merged metrics of all processes that write to a store, see `mvx-metrics/MetricsStore`. `prometheus()` and `livePage()`
 * serve them, and exporters take it as their `runtime`.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsReader extends ServedMetrics implements AsyncDisposable {
  readonly #started: StartedRuntime
  readonly #report: StoreReaderService["report"]

  private constructor(started: StartedRuntime, report: StoreReaderService["report"]) {
    super(started)
    this.#started = started
    this.#report = report
  }

  /**
   * Opens a store for reading. If the server cannot be reached, the reads fail, but this call does not. Rejects with
   * `InvalidArgument` for an invalid option, and with `MetricsStoreError` if the store cannot be opened.
   *
   * @example
   * ```ts
   * import { createServer } from "node:http"
   * import * as RedisStore from "mvx-metrics/RedisStore"
   * import { MetricsReader } from "mvx-metrics/promise"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * const serve = async () => {
   *   const reader = await MetricsReader.open({
   *     store: RedisStore.make({ url: "redis://127.0.0.1:6379" }),
   *     namespace: "example.metrics",
   *     metrics: [StorageMetrics]
   *   })
   *   createServer(reader.prometheus().nodeHandler).listen(9464)
   * }
   * ```
   *
   * @since 0.2.0
   */
  static async open(options: PlainReaderOptions): Promise<MetricsReader> {
    const { openReader, whyInvalidReader } = await import("../storeReader/openReader.ts")
    const invalid = whyInvalidReader(options, { logger: aLogger })
    if (invalid !== undefined) throw invalid
    const { logger, ...own } = options
    const context = logger === undefined ? Context.empty() : (await import("./logger.ts")).contextWithLogger(logger)
    const run = runIn(context)
    const [{ report, runtime }, scope] = await run.promise(inOwnScope(openReader(own)))
    return new MetricsReader({ run, runtime, scope }, report)
  }

  /**
   * Reads the recorders of all processes by id: those of running processes, and those of ended ones. Rejects with
   * `MetricsStoreError` while the store cannot be read.
   *
   * @since 0.2.0
   */
  report(): Promise<StoreReport> {
    return this.#started.run.promise(this.#report)
  }

  /**
   * Renders the metrics of all processes as text for Prometheus. While the store cannot be read, the text shows the
   * last report.
   *
   * @since 0.2.0
   */
  async scrape(options: ScrapeOptions = {}): Promise<string> {
    const invalid = whyInvalidOptions(options, scrapeOptionChecks)
    if (invalid !== undefined) throw invalid
    const { run, runtime } = this.#started
    return run.promise(Effect.flatMap(scrape(runtime, "text", options), (body) => inSlices(textOf(body))))
  }

  /**
   * Closes the store. A second call does nothing.
   *
   * @since 0.2.0
   */
  close(): Promise<void> {
    return this.#started.run.promise(Scope.close(this.#started.scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
