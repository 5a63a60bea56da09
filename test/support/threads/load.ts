/**
 * Preloaded into the processes of the tests, and with that into their threads: these load what bundle.ts has bundled. A
 * program that is started with `load.ts?own` or `load.ts?whole` does so as well.
 */
import { existsSync } from "node:fs"
import { registerHooks } from "node:module"
import { isMainThread } from "node:worker_threads"

const root = new URL("../../..", import.meta.url).href
const which = new URL(import.meta.url).search.slice(1)
const bundles = new URL(`node_modules/.cache/threads/${which || "own"}/`, root).href

const isOfLibrary = (url: string): boolean => /^(src|node_modules\/(effect|@effect\/platform-node))\//.test(url)

const bundleOf = (url: string): string | undefined => {
  if (!url.startsWith(root) || url.startsWith(bundles)) return undefined
  const [path = "", query = ""] = url.slice(root.length).split(/(?=\?)/)
  const bundle = bundles + path.replace(/\.m?[tj]s$/, ".mjs")
  if (existsSync(new URL(bundle))) return bundle + query
  // There would be two of it in the thread.
  if (isOfLibrary(path))
    throw new Error(`${path} is in no bundle: add it to the modules of test/support/threads/bundle.ts`)
  return undefined
}

if (!isMainThread || which !== "") {
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context)
      const bundle = bundleOf(found.url)
      return bundle === undefined ? found : { url: bundle, format: "module", shortCircuit: true }
    }
  })
}
