/**
 * The packaged worker, and the modules that it imports: those named in the option `metrics`, and those in which sets
 * are declared.
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

/** The `workerData` of the entry. */
export interface EntryData {
  readonly modules: ReadonlyArray<string>
}

/**
 * Beside this file among the sources, and beside the chunk that this file was bundled into. `undefined` in a CommonJS
 * bundle, which has no `import.meta`. Bundlers follow every name that they can compute, and fail if a bundle has no
 * such file, so the extension is computed at run time.
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

/** The path of an existing module: the one named, or its `.js` if a compiler has left a `.ts` in the URL. */
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

/** A URL of another realm may have fewer properties, but always its text. */
const queryOf = ({ href }: URL): string => {
  const { hash, search } = new URL(href)
  return search + hash
}

/** The URL to import, with the query of the given one, by which Node distinguishes two copies of a module. */
const resolveUrl = (url: URL): Effect.Effect<string, MetricsModuleError> =>
  url.protocol !== "file:"
    ? Effect.fail(new MetricsModuleError({ path: url.href, reason: "is not a file: URL" }))
    : Effect.flatMap(locate(url), (path) =>
        // In a bundle the URL may be that of the bundle itself. Each worker would then run the whole application, which
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

/** For the modules of sets. Only in a bundle is running code in another place than its `import.meta.url`. */
const resolveDeclared = (url: string): Effect.Effect<string, MetricsModuleError> =>
  Effect.mapError(resolveUrl(new URL(url)), ({ path, reason }) =>
    reason.endsWith(inBundle)
      ? new MetricsModuleError({ path, reason })
      : new MetricsModuleError({ path, reason: `${reason}. ${inBundle}` })
  )

/** What the packaged worker needs to import the modules of sets. */
export interface ModuleImports {
  /** The URL to import for the one that a set was declared with. */
  readonly resolve: (url: string) => Effect.Effect<string, MetricsModuleError>
  /** The path in the URL of a file. */
  readonly pathOf: (url: string) => string
  /** The modules that it has imported at its start. */
  readonly imported: ReadonlyArray<string>
}

/** How the packaged worker is started, and what it imports. */
interface PackagedWorker {
  readonly spawn: () => Worker
  readonly modules: ModuleImports
}

/**
 * The size of the young generation in megabytes. Importing its modules creates so many objects that a worker would
 * otherwise keep 14 MB more. A fold creates few: built-in metrics change in place, and states of hand-written reducers
 * are garbage after the next event.
 */
const YoungGenerationMb = 4

/** The options of the packaged worker that an application can set. */
interface PackagedThread {
  readonly env?: Environment | undefined
  readonly resourceLimits?: ResourceLimits | undefined
}

/** The packaged worker, which imports these modules at its start. */
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
        // The parts of NODE_OPTIONS that concern a thread are among the options. The rest would be refused.
        env: own,
        execArgv: [...loaderOptions(process.execArgv, NODE_OPTIONS)],
        resourceLimits: { maxYoungGenerationSizeMb: YoungGenerationMb, ...resourceLimits }
      }),
    modules: { imported: modules, resolve: resolveDeclared, pathOf: fileURLToPath }
  }
})
