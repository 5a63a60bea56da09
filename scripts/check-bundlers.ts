// The recipes of docs/guides/bundlers.md, each as it stands there, with the packed tarball: what a bundler makes of a program
// with a worker has to run and print the right numbers. Run it by `npm run package:consumer`.
import { deepStrictEqual, match, strictEqual } from "node:assert/strict"
import { spawn } from "node:child_process"
import { on, once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { recipes } from "../test/package/bundlers/recipes.ts"
import { folder, installPacked, node, repository, run, runSteps } from "./consumer.ts"

const fixtures = join(repository, "test/package/bundlers")

const snapshots = {
  "document.saves": {
    name: "document.saves",
    dimensions: {
      value: 3,
      series: [
        { labels: { outcome: "SUCCESS" }, value: 2 },
        { labels: { outcome: "FAILURE" }, value: 1 }
      ]
    }
  }
}

const shell = (command: string): string => run("sh", ["-c", command])

const builds = (bundler: string): void => {
  rmSync(join(folder, "dist"), { recursive: true, force: true })
  for (const command of recipes[bundler]!.slice(0, -1)) shell(command)
}

const printsSnapshots = (program: string): void => {
  const lines = shell(program).trimEnd().split("\n")
  // The last line, for the library logs its lifecycle before.
  deepStrictEqual(JSON.parse(lines.at(-1) ?? ""), snapshots)
}

const works = (bundler: string) => (): void => {
  builds(bundler)
  printsSnapshots(recipes[bundler]!.at(-1)!)
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { readonly port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What a server answers that has taken the events by HTTP. */
const servesSnapshots = async (cwd: string): Promise<void> => {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), HOSTNAME: "127.0.0.1" }
  const server = spawn(process.execPath, ["server.js"], { cwd, env, stdio: ["ignore", "pipe", "inherit"] })
  try {
    const signal = AbortSignal.timeout(60_000)
    for await (const [said] of on(server.stdout, "data", { signal })) {
      if (String(said).includes("Ready")) break
    }
    const url = `http://127.0.0.1:${port}/api/saves`
    for (const outcome of ["SUCCESS", "SUCCESS", "FAILURE"]) {
      const { status } = await fetch(url, { method: "POST", body: JSON.stringify({ outcome }), signal })
      strictEqual(status, 204)
    }
    deepStrictEqual(await (await fetch(url, { signal })).json(), snapshots)
  } finally {
    server.kill("SIGKILL")
  }
}

const esbuild = (program: string, options: string): void => {
  rmSync(join(folder, "dist"), { recursive: true, force: true })
  shell(`npx esbuild ${program} --bundle --minify --platform=node --target=node22 --outdir=dist ${options}`)
}

await runSteps({
  "the tarball and the bundlers install": () => {
    const manifest = JSON.parse(readFileSync(join(fixtures, "manifest.json"), "utf8"))
    installPacked(manifest, "effect", "@effect/platform-node", "esbuild", "tsup", "rollup", "vite", "typescript")
    cpSync(fixtures, folder, { recursive: true })
    cpSync(join(fixtures, "next"), folder, { recursive: true })
    rmSync(join(folder, "next"), { recursive: true })
  },
  esbuild: works("esbuild"),
  "esbuild, CommonJS": works("esbuild, CommonJS"),
  "in process, in a minified bundle of CommonJS": () => {
    esbuild("in-process.ts", "--format=cjs --out-extension:.js=.cjs")
    printsSnapshots("node dist/in-process.cjs")
  },
  "a bundle with the option metrics is refused, and told what to do": () => {
    for (const [format, extension] of [
      ["esm", "mjs"],
      ["cjs", "cjs"]
    ]) {
      esbuild("without-entry.ts save.metrics.ts", `--format=${format} --out-extension:.js=.${extension}`)
      const said = node(`dist/without-entry.${extension}`, join(folder, `dist/save.metrics.${extension}`))
      match(said, /^mvx-metrics\/MetricsModuleError: .*workerEntry.* this is a bundle\. Use the option spawn/)
    }
  },
  tsup: works("tsup"),
  Rollup: works("Rollup"),
  "Vite SSR": works("Vite SSR"),
  webpack: works("webpack"),
  "Next.js, standalone": async () => {
    builds("Next.js")
    // Apart from the packages that it was built with: it has to have all that it needs.
    const standalone = mkdtempSync(join(tmpdir(), "mvx-metrics-standalone-"))
    cpSync(join(folder, ".next/standalone"), standalone, { recursive: true })
    await servesSnapshots(standalone)
    rmSync(standalone, { recursive: true })
  }
})
