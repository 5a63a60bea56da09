// Uses the package as its users get it: packs it, installs the tarball with its peers in an empty folder outside the
// repository, and runs the programs of test/package/consumer there. Run it by `npm run package:consumer`.
import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { cpSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./consumer.ts"
import { bin, folder, installPacked, node, run, runSteps } from "./steps.ts"

const snapshots = {
  "document_storage.save.attempts": {
    name: "document_storage.save.attempts",
    dimensions: { total: 3, success_total: 2, failure_total: 1 }
  }
}

const printsSnapshots = (...args: ReadonlyArray<string>): void => {
  const lines = node(...args)
    .trimEnd()
    .split("\n")
  // The last line, for the library logs its lifecycle before.
  deepStrictEqual(JSON.parse(lines.at(-1) ?? ""), snapshots)
}

const bundle = (folder: string, ...args: ReadonlyArray<string>): void => {
  const options = ["--bundle", "--platform=node", "--format=esm", "--target=node22", "--log-level=warning"]
  run(bin("esbuild"), [...options, ...args, `--outdir=${folder}`])
}

await runSteps({
  "the tarball installs in an empty folder, with its peers": () => {
    const manifest = { private: true, type: "module", allowScripts: { esbuild: true } }
    installPacked(manifest, "effect", "@effect/platform-node", "typescript", "@types/node", "esbuild")
    cpSync(join(repository, "test/package/consumer"), folder, { recursive: true })
  },
  "TypeScript and JavaScript type-check, declarations of libraries included, and compile": () => {
    run(bin("tsc"), [])
  },
  "TypeScript runs as it is": () => printsSnapshots("main.ts"),
  "TypeScript runs compiled, the .ts left in the URL": () => printsSnapshots("compiled/main.js"),
  "a set brings its module to the worker, from TypeScript as it is and compiled": () => {
    printsSnapshots("declared.ts")
    printsSnapshots("compiled/declared.js")
  },
  "plain JavaScript runs": () => printsSnapshots("plain.js"),
  "a bundle with the worker as its second entry runs": () => {
    bundle("bundle", "bundled.ts", "bundled.worker.ts")
    printsSnapshots("bundle/bundled.js")
  },
  "a bundle that gives itself as its metrics is refused, whether it has the library in it or beside it": () => {
    const runs = "the application runs\n"
    const refused = "refused with mvx-metrics/MetricsModuleError, an Error\n"
    bundle("bundle", "bundled-wrongly.ts")
    strictEqual(node("bundle/bundled-wrongly.js"), runs + refused)
    strictEqual(node("launcher.js", "./bundle/bundled-wrongly.js"), runs + refused)
    bundle("bundle-beside", "bundled-wrongly.ts", "--packages=external")
    strictEqual(node("bundle-beside/bundled-wrongly.js"), runs + refused)
    // The main module is another one here: only the worker can see what it was given, and starts no further one.
    strictEqual(node("launcher.js", "./bundle-beside/bundled-wrongly.js"), runs + runs + refused + refused)
  },
  "a bundle that is the module of its set is refused, and told to use spawn": () => {
    const runs = "the application runs\n"
    const refused = (tag: string, is = "is"): string => `refused with mvx-metrics/${tag}, spawn ${is} named\n`
    const cjs = ["--format=cjs", "--out-extension:.js=.cjs"]
    bundle("bundle", "bundled-set.ts")
    strictEqual(node("bundle/bundled-set.js"), runs + refused("MetricsModuleError"))
    bundle("bundle", "bundled-set.ts", ...cjs)
    strictEqual(node("bundle/bundled-set.cjs"), runs + refused("MetricsModuleError"))
    bundle("bundle-beside", "bundled-set.ts", "--packages=external")
    strictEqual(node("bundle-beside/bundled-set.js"), runs + refused("RegisterError"))
    bundle("bundle-beside", "bundled-set.ts", "--packages=external", ...cjs)
    strictEqual(node("bundle-beside/bundled-set.cjs"), runs + refused("RegisterError"))
    // The main module is another one here: the worker runs the application, which starts no further one.
    const refusals = refused("MetricsModuleError", "is not") + refused("RegisterError", "is not")
    strictEqual(node("launcher.js", "./bundle-beside/bundled-set.js"), runs + runs + refusals)
  },
  "the live page is served, from the package and from a bundle": () => {
    const served = ["text/html", "text/javascript", "text/css", "application/json"]
      .map((type) => `200 ${type}; charset=utf-8 true\n`)
      .join("")
    strictEqual(node("live-page.js"), served)
    bundle("bundle", "live-page.js")
    strictEqual(node("bundle/live-page.js"), served)
  },
  "the command is there": () => {
    const catalogue = run(bin("mvx-metrics"), ["catalogue", "./document-storage.metrics.ts"])
    strictEqual(catalogue.includes("| `document_storage.save.attempts` |"), true)
  },
  "internals cannot be imported": () => {
    strictEqual(node("internals.ts"), "ERR_PACKAGE_PATH_NOT_EXPORTED\n".repeat(5))
  }
})
