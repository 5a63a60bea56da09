/**
 * Preloaded into the processes of the tests, and with that into their threads: these load what bundle.ts has bundled. A
 * program that is started with it does so as well, if the environment says so.
 */
import { existsSync } from "node:fs"
import { registerHooks } from "node:module"
import { isMainThread, workerData } from "node:worker_threads"

const root = new URL("../../..", import.meta.url).href
const bundles = new URL("node_modules/.cache/threads/", root)

const bundleOf = (url: string): URL | undefined => {
  if (!url.startsWith(root) || !url.endsWith(".ts")) return undefined
  const bundle = new URL(url.slice(root.length).replace(/ts$/, "js"), bundles)
  return existsSync(bundle) ? bundle : undefined
}

/**
 * What the packaged entry imports when it starts. Where one of them is no bundle, or modules come later, there would be
 * two libraries in the thread.
 */
const modules: ReadonlyArray<string> | undefined = workerData?.mvxMetrics?.modules
const isThread = modules === undefined || (modules.length > 0 && modules.every((url) => bundleOf(url) !== undefined))

const isProgram = process.env.MVX_TEST_BUNDLES === "yes"

if (isMainThread ? isProgram : isThread) {
  registerHooks({
    resolve: (specifier, context, next) => {
      const bundle = bundleOf(specifier)
      return bundle === undefined
        ? next(specifier, context)
        : { url: bundle.href, format: "module", shortCircuit: true }
    }
  })
}
