/**
 * The packaged worker, and the modules that it imports: those that a program names in the option `metrics`, and those that
 * sets are declared in.
 */

import { existsSync, realpathSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type ResourceLimits, Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { MetricsModuleError } from "../model/registerErrors.ts"
import { describeError } from "../util/describeError.ts"
import { siblingModule } from "../util/siblingModule.ts"
import { type Environment, loaderOptions, loaderVariables } from "./threadOptions.ts"
import { inBundle } from "./waysToWorker.ts"

/** What the entry finds in its `workerData`. */
export interface EntryData {
  readonly modules: ReadonlyArray<string>
}

/**
 * Beside this file among the sources, and beside the chunk that this file was bundled into. `undefined` in a bundle of
 * CommonJS, which has no `import.meta`. Bundlers follow every name that they can compute, and fail where there is no such
 * file in a bundle: this one has its extension from here.
 */
const packagedEntry = (): URL | undefined => {
  const here: string | undefined = import.meta.url
  return here === undefined ? undefined : siblingModule("workerEntry", here)
}

const realpathOrUndefined = (path: string | undefined): string | undefined => {
  try {
    return path === undefined ? undefined : realpathSync(path)
  } catch {
    return undefined
  }
}

/** The path of an existing module: the one named, or its `.js` where a compiler has left a `.ts` in the URL. */
const locate = (url: URL): Effect.Effect<string, MetricsModuleError> => {
  let path: string
  try {
    path = fileURLToPath(url)
  } catch (cause) {
    return Effect.fail(
      new MetricsModuleError({ path: url.href, reason: `is not the URL of a file: ${describeError(cause)}` })
    )
  }
  if (existsSync(path)) return Effect.succeed(path)
  const compiled = path.replace(/\.([cm]?)tsx?$/, ".$1js")
  if (compiled !== path && existsSync(compiled)) return Effect.succeed(compiled)
  const tried = compiled === path ? "" : `, and no ${compiled} either`
  return Effect.fail(new MetricsModuleError({ path, reason: `there is no such file${tried}` }))
}

/** A URL of another realm may have less than ours, but always its text. */
const queryOf = ({ href }: URL): string => {
  const { hash, search } = new URL(href)
  return search + hash
}

/** The URL to import, with the query of the one given, by which Node tells two copies of a module apart. */
const resolveUrl = (url: URL): Effect.Effect<string, MetricsModuleError> =>
  url.protocol !== "file:"
    ? Effect.fail(new MetricsModuleError({ path: url.href, reason: "is not a file: URL" }))
    : Effect.flatMap(locate(url), (path) =>
        // In a bundle the URL may come to name the bundle itself: each worker would run the whole application, which
        // starts a worker.
        realpathOrUndefined(path) === realpathOrUndefined(process.argv[1])
          ? Effect.fail(
              new MetricsModuleError({
                path,
                reason: `is the program itself, which would start workers without end. Move the definitions to a module of their own. ${inBundle}`
              })
            )
          : Effect.succeed(pathToFileURL(path).href + queryOf(url))
      )

/** For the modules of sets. Code that runs lies somewhere else than its `import.meta.url` says only in a bundle. */
const resolveDeclared = (url: string): Effect.Effect<string, MetricsModuleError> =>
  Effect.mapError(resolveUrl(new URL(url)), ({ path, reason }) =>
    reason.endsWith(inBundle)
      ? new MetricsModuleError({ path, reason })
      : new MetricsModuleError({ path, reason: `${reason}. ${inBundle}` })
  )

/** What the packaged worker needs to import the modules of sets. */
export interface ModuleImports {
  /** The URL to be imported for one that a set was declared with. */
  readonly resolve: (url: string) => Effect.Effect<string, MetricsModuleError>
  /** The path in the URL of a file. */
  readonly pathOf: (url: string) => string
  /** Those that it has imported for its start. */
  readonly imported: ReadonlyArray<string>
}

/** How the packaged worker is started, and what it imports. */
interface PackagedWorker {
  readonly spawn: () => Worker
  readonly modules: ModuleImports
}

/**
 * Megabytes for objects that are young. Importing its modules, a worker makes so many that it would keep 14 MB more. A fold
 * makes few: built-in metrics change in place, and states of reducers by hand are gone with the next event.
 */
const YoungGenerationMb = 4

/** What the packaged worker gets, where an application says so. */
interface PackagedThread {
  readonly env?: Environment | undefined
  readonly resourceLimits?: ResourceLimits | undefined
}

/** The packaged worker, which imports these modules for its start. */
export const packagedWorker = Effect.fnUntraced(function* (
  metrics: URL | ReadonlyArray<URL> | undefined,
  { env, resourceLimits }: PackagedThread = {}
): Effect.fn.Return<PackagedWorker, MetricsModuleError> {
  const urls: ReadonlyArray<URL> = metrics === undefined ? [] : [metrics].flat()
  const modules = yield* Effect.forEach(urls, resolveUrl)
  const entry = packagedEntry()
  if (entry === undefined || !existsSync(entry)) {
    return yield* new MetricsModuleError({
      path: entry === undefined ? "workerEntry.js" : fileURLToPath(entry),
      reason:
        "the packaged worker entry is not there, so this is a bundle. Use the option spawn with a worker entry of your own: docs/guides/bundlers.md has a recipe for each bundler"
    })
  }
  const data: EntryData = { modules }
  const { NODE_OPTIONS, ...others } = process.env
  const { NODE_OPTIONS: _, ...own } = env ?? loaderVariables(others)
  return {
    spawn: () =>
      new Worker(entry, {
        workerData: { mvxMetrics: data },
        name: "mvx-metrics",
        argv: [],
        // What of NODE_OPTIONS concerns a thread is among the options: the rest would be refused.
        env: own,
        execArgv: [...loaderOptions(process.execArgv, NODE_OPTIONS)],
        resourceLimits: { maxYoungGenerationSizeMb: YoungGenerationMb, ...resourceLimits }
      }),
    modules: { imported: modules, resolve: resolveDeclared, pathOf: fileURLToPath }
  }
})
