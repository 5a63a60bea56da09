/**
 * The definitions that a worker thread has, as the application thread knows them. To get more, the packaged worker
 * imports the modules of a set, each module once.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { differences, type Fingerprint } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricSet } from "../metric/definition/metric.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import { DefinitionMismatch, MetricsModuleError, UnknownMetric } from "../model/registerErrors.ts"
import type { CatalogEntries, ImportMessage } from "../stream/workerMessages.ts"
import { messageOf } from "../util/describeError.ts"
import { within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import type { ModuleImports } from "../worker/spawnForModules.ts"
import { decodeModuleError } from "../worker/startErrors.ts"
import { inBundle, waysToWorker } from "../worker/waysToWorker.ts"

/** What the catalog needs from the thread. */
interface CatalogThread {
  readonly ask: (module: string) => void
  readonly hold: () => () => void
  /** Runs `action` at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
}

type Import = Deferred.Deferred<void, MetricsModuleError>

export class WorkerCatalog {
  protected readonly metrics: Map<string, Fingerprint>
  /** The URL of the module imported for a set, by the names of the metrics that the worker has from it. */
  readonly #origins = new Map<string, string>()
  /** The definitions of the current worker, if it has replaced another one. */
  #renewed: Map<string, Fingerprint> | undefined
  readonly #modules: ModuleImports | undefined
  readonly #thread: CatalogThread
  readonly #imported: Set<string>
  /** The imports in progress, by URL. Registrations of metrics from the same module wait for the same import. */
  readonly #imports = new Map<string, Import>()
  #ended: { readonly cause: unknown } | undefined

  /** Without `modules` the worker imports nothing, because its entry is the application's own. */
  constructor(entries: CatalogEntries, modules: ModuleImports | undefined, thread: CatalogThread) {
    this.metrics = new Map(entries)
    this.#modules = modules
    this.#thread = thread
    this.#imported = new Set(modules?.imported)
  }

  /** The definition of this name, if there is one. */
  get(name: string): Fingerprint | undefined {
    return this.metrics.get(name)
  }

  /** Explains that a metric differs from the definition of its name in these parts. */
  whyDifferent({ name }: Pick<Metric.Any, "name">, differences: ReadonlyArray<string>): DefinitionMismatch {
    const origin = this.#origins.get(name)
    return new DefinitionMismatch({
      metric: name,
      differences,
      ...(origin !== undefined && { path: this.#paths([origin]) })
    })
  }

  /** Explains why a metric, registered alone or as part of `given`, is unknown to the worker. */
  whyUnknown({ name }: Metric.Any, given: Metric.Any | MetricSet): UnknownMetric | MetricsModuleError {
    const modules = isMetricSet(given) ? given.modules : []
    if (this.#modules !== undefined && modules.length > 0) {
      const reason = `does not export the metric "${name}". Export the set that contains it. ${inBundle}`
      return new MetricsModuleError({ path: this.#paths(modules), reason })
    }
    const hint = this.#modules === undefined ? listInRun : waysToWorker
    return new UnknownMetric({ metric: name, known: [...this.metrics.keys()], hint })
  }

  /**
   * Returns what must be done before these metrics can be registered, or `undefined` if nothing must be done. `timeout`
   * is by the real clock. `given` may be any value.
   */
  find(given: unknown, timeout: Duration.Input): Effect.Effect<void, MetricsModuleError> | undefined {
    if (this.#modules === undefined || !isMetricSet(given) || given.modules.length === 0) return undefined
    const isKnown = given.metrics.every(({ name }) => this.metrics.has(name))
    return isKnown ? undefined : this.import(given.modules, timeout)
  }

  /**
   * Returns the URLs to import for the modules in which sets are declared. Returns none for an application's own
   * worker.
   */
  resolved(modules: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, MetricsModuleError> {
    const imports = this.#modules
    return imports === undefined ? Effect.succeed([]) : Effect.forEach(modules, imports.resolve)
  }

  /** Makes the worker import modules, within the timeout by the real clock. The process stays alive meanwhile. */
  import(modules: ReadonlyArray<string>, timeout: Duration.Input): Effect.Effect<void, MetricsModuleError> {
    const { resolve } = this.#modules!
    return Effect.forEach(modules, resolve).pipe(
      Effect.flatMap((urls) => {
        const fresh = urls.filter((url) => !this.#imported.has(url))
        const tooLate = Effect.suspend(() => {
          const path = this.#paths(fresh.filter((url) => !this.#imported.has(url)))
          const most = durationText(timeout)
          const reason = `was not imported within ${most}. Look for a top-level await that does not end, or raise waitTimeout`
          return Effect.fail(new MetricsModuleError({ path, reason }))
        })
        return Effect.acquireUseRelease(
          Effect.sync(this.#thread.hold),
          () =>
            Effect.forEach(fresh, (url) => this.#import(url), { concurrency: "unbounded" }).pipe(
              within(timeout, () => tooLate)
            ),
          (release) => Effect.sync(release)
        )
      })
    )
  }

  #import(url: string): Effect.Effect<void, MetricsModuleError> {
    return Effect.suspend(() => {
      if (this.#ended !== undefined) return Effect.fail(this.#notImported(url, this.#ended.cause))
      let underWay = this.#imports.get(url)
      if (underWay === undefined) {
        underWay = Deferred.makeUnsafe()
        this.#imports.set(url, underWay)
        this.#thread.ask(url)
      }
      return Deferred.await(underWay)
    })
  }

  /**
   * Takes over the definitions of a worker that replaces the ended one. It imports what the ended one had, and what was
   * requested meanwhile. Fails if its definitions differ, because they cannot continue the states of the earlier ones.
   */
  renew(
    entries: CatalogEntries,
    ask: (module: string) => void,
    timeout: Duration.Input
  ): Effect.Effect<void, MetricsModuleError | UnknownMetric | DefinitionMismatch> {
    return Effect.gen({ self: this }, function* () {
      const known = new Map(this.metrics)
      const has = new Map(entries)
      this.#renewed = has
      const again = Array.from(this.#imported).filter((url) => this.#modules?.imported.includes(url) !== true)
      const imports = again.map((url) => {
        const done: Import = Deferred.makeUnsafe()
        this.#imports.set(url, done)
        return done
      })
      for (const url of this.#imports.keys()) ask(url)
      const late = Effect.suspend(() => {
        const path = this.#paths(again.filter((url) => this.#imports.has(url)))
        const reason = "was not imported in time by the worker that takes the place of another one"
        return Effect.fail(new MetricsModuleError({ path, reason }))
      })
      yield* Effect.forEach(imports, Deferred.await, { discard: true }).pipe(within(timeout, () => late))
      for (const [name, fingerprint] of known) {
        const found = has.get(name)
        if (found === undefined) {
          return yield* new UnknownMetric({ metric: name, known: [...has.keys()], hint: otherVersion })
        }
        const others = differences(found, fingerprint)
        if (others.length > 0) return yield* this.whyDifferent({ name }, others)
      }
    })
  }

  /** Whether a module is being imported, for which there is no progress to check. */
  get isImporting(): boolean {
    return this.#imports.size > 0
  }

  /** Handles the worker's answer. */
  answer(message: ImportMessage): void {
    const { module } = message
    const underWay = this.#imports.get(module)
    this.#imports.delete(module)
    if (message._tag === "Imported") {
      this.#imported.add(module)
      for (const [name, fingerprint] of message.metrics) {
        this.#renewed?.set(name, fingerprint)
        if (this.metrics.has(name)) continue
        this.metrics.set(name, fingerprint)
        this.#origins.set(name, module)
      }
    }
    const exit = message._tag === "Imported" ? Effect.void : Effect.fail(decodeModuleError(message.error))
    if (underWay !== undefined) this.#thread.nextTurn(() => Deferred.doneUnsafe(underWay, exit))
  }

  /** Fails everything. The worker is gone and will not be replaced. */
  fail(cause: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = { cause }
    this.failImports(cause)
  }

  /**
   * Fails the imports in progress. A replacement worker does not repeat them, because one of them may have ended this
   * worker.
   */
  failImports(cause: unknown): void {
    for (const [url, underWay] of this.#imports) {
      this.#thread.nextTurn(() => Deferred.doneUnsafe(underWay, Effect.fail(this.#notImported(url, cause))))
    }
    this.#imports.clear()
  }

  #notImported(url: string, cause: unknown): MetricsModuleError {
    const reason = `could not be imported, because the worker ended: ${messageOf(cause)}`
    return new MetricsModuleError({ path: this.#paths([url]), reason })
  }

  #paths(urls: ReadonlyArray<string>): string {
    return urls.map(this.#modules!.pathOf).join(", ")
  }
}

const otherVersion = "The module was changed after the runtime started. Restart the program"

const listInRun =
  "List it, or the set that contains it, in MetricsWorker.run([...]) of the worker entry that spawn starts"
