/** The servers of examples/frameworks. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Consumer, locked, repository } from "../consumer.ts"
import { hasNamespaces, servesAsProcess1 } from "./container.ts"
import { invokes } from "./lambda.ts"
import { type Serving, serves } from "./serves.ts"
import { envOf, type Fold, type Place, type Setup } from "./setup.ts"

const examples = join(repository, "examples/frameworks")

const manifestOf = (folder: string) => {
  const { dependencies, ...rest } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  // It comes from the tarball, and what it needs in the versions of the repository.
  const { "@effect/platform-node": _platform, effect: _effect, "mvx-metrics": _self, ...others } = dependencies
  return { ...rest, dependencies: others }
}

const peers = ["effect", "@effect/platform-node"].map(locked)

/** Next.js has a folder of its own. */
const isForAll = (path: string): boolean => !path.endsWith("package.json") && path !== join(examples, "next")

const frameworks: Place = {
  name: "frameworks",
  install: (consumer, tarball) => {
    consumer.install(manifestOf(examples), tarball, ...peers)
    cpSync(examples, consumer.folder, { recursive: true, filter: isForAll })
    cpSync(join(repository, "scripts/setups/lambda-bootstrap.js"), join(consumer.folder, "bootstrap.js"))
    consumer.run(consumer.bin("tsc"), [])
    consumer.run(consumer.bin("tsc"), ["--project", "nest"])
  }
}

/** Two folders: pnpm is in the outer one, what it installs in the inner one. */
const pnpm: Place = {
  name: "pnpm",
  install: (consumer, tarball) => {
    const { dependencies, devDependencies } = manifestOf(examples)
    consumer.install({ private: true, dependencies: { pnpm: devDependencies.pnpm } })
    const project = join(consumer.folder, "project")
    cpSync(examples, project, { recursive: true, filter: isForAll })
    const manifest = { private: true, type: "module", dependencies: { express: dependencies.express } }
    writeFileSync(join(project, "package.json"), JSON.stringify(manifest))
    consumer.run(consumer.bin("pnpm"), ["add", `file:${tarball}`, ...peers], project)
  }
}

const next: Place = {
  name: "Next.js",
  install: (consumer, tarball) => {
    consumer.install(manifestOf(join(examples, "next")), tarball, ...peers)
    const isFile = (path: string): boolean => !path.endsWith("package.json")
    cpSync(join(examples, "next"), consumer.folder, { recursive: true, filter: isFile })
    consumer.run(consumer.bin("next"), ["build"])
  }
}

const serving =
  (args: ReadonlyArray<string>, more: Partial<Serving> & { readonly bin?: string } = {}) =>
  (consumer: Consumer, fold: Fold): Promise<void> => {
    const { bin, ...rest } = more
    const command = bin === undefined ? process.execPath : consumer.bin(bin)
    return serves({ command, args, cwd: consumer.folder, env: envOf(consumer, fold), ...rest })
  }

/** Apart from the packages that it was built with: it has to have all that it needs. */
const servesStandalone = async (consumer: Consumer, fold: Fold): Promise<void> => {
  const cwd = mkdtempSync(join(tmpdir(), "mvx-metrics-standalone-"))
  cpSync(join(consumer.folder, ".next/standalone"), cwd, { recursive: true })
  const env = { ...envOf(consumer, fold), HOSTNAME: "127.0.0.1" }
  await serves({ command: process.execPath, args: ["server.js"], cwd, env, says: () => /Ready in/, ...byCode(143) })
  rmSync(cwd, { recursive: true })
}

const ofPm2 =
  (app: string, isScraped: boolean) =>
  async (consumer: Consumer, fold: Fold): Promise<void> => {
    const env = { ...envOf(consumer, fold), PM2_HOME: join(consumer.folder, ".pm2") }
    const args = ["start", "pm2/ecosystem.config.cjs", "--only", app]
    await serves({ command: consumer.bin("pm2-runtime"), args, cwd: consumer.folder, env, isScraped })
  }

const byCode = (expected: number) => ({ ends: (code: number | null) => code === expected })

const server = {
  group: "Servers",
  metrics: "scrape, and export at the end",
  shutdown: "exit code 0",
  place: frameworks
} as const

// As NodeRuntime.runMain has it where a signal has interrupted the program.
const effect = { ...server, package: "@effect/platform-node", shutdown: "exit code 130" } as const

const runtime = { ...server, group: "Runtimes" } as const
const processes = { ...server, group: "Processes" } as const

export const servers: ReadonlyArray<Setup> = [
  { ...server, name: "node:http", package: "node", see: "node-http.ts", check: serving(["node-http.ts"]) },
  { ...server, name: "Express", package: "express", see: "express.ts", check: serving(["express.ts"]) },
  { ...server, name: "Fastify", package: "fastify", see: "fastify.ts", check: serving(["fastify.ts"]) },
  { ...server, name: "Hono", package: "hono", see: "hono.ts", check: serving(["hono.ts"]) },
  {
    ...server,
    name: "NestJS",
    package: "@nestjs/core",
    see: "nest/main.ts",
    shutdown: "SIGTERM",
    check: serving(["nest/dist/nest/main.js"], { ends: (_code, signal) => signal === "SIGTERM" })
  },
  {
    ...server,
    name: "Next.js, standalone",
    package: "next",
    see: "next",
    shutdown: "exit code 143",
    place: next,
    check: servesStandalone
  },
  { ...effect, name: "Effect HttpRouter", see: "effect-router.ts", check: serving(["effect-router.ts"], byCode(130)) },
  { ...runtime, name: "Bun.serve", package: "bun", see: "bun.js", check: serving(["bun.js"], { bin: "bun" }) },
  {
    ...runtime,
    name: "node:http on Bun",
    package: "bun",
    see: "node-http.ts",
    check: serving(["node-http.ts"], { bin: "bun" })
  },
  {
    ...runtime,
    name: "Deno.serve",
    package: "deno",
    see: "deno.js",
    check: serving(["run", "--allow-all", "deno.js"], { bin: "deno" })
  },
  {
    ...runtime,
    name: "node:http on Deno",
    package: "deno",
    see: "node-http.ts",
    check: serving(["run", "--allow-all", "node-http.ts"], { bin: "deno" })
  },
  {
    ...effect,
    group: "Processes",
    name: "node:cluster",
    see: "cluster.ts",
    check: serving(["cluster.ts"], { ...byCode(130), hasMetricsPort: true })
  },
  { ...processes, name: "PM2, fork", package: "pm2", see: "pm2/ecosystem.config.cjs", check: ofPm2("orders", true) },
  {
    ...processes,
    name: "PM2, cluster",
    package: "pm2",
    see: "pm2/ecosystem.config.cjs",
    metrics: "export at the end",
    check: ofPm2("orders-cluster", false)
  },
  {
    ...processes,
    name: "Process 1 of a container",
    package: "node",
    see: "container/Dockerfile",
    whyNot: () => (hasNamespaces() ? undefined : "needs unshare, and its rights"),
    check: (consumer, fold) => servesAsProcess1({ cwd: consumer.folder, env: envOf(consumer, fold) })
  },
  {
    ...processes,
    name: "AWS Lambda",
    package: "node",
    see: "lambda.ts",
    metrics: "export in each call",
    shutdown: "killed",
    check: (consumer, fold) =>
      invokes({
        command: process.execPath,
        args: ["bootstrap.js"],
        cwd: consumer.folder,
        env: envOf(consumer, fold)
      })
  },
  {
    ...server,
    group: "Package managers",
    name: "pnpm",
    package: "pnpm",
    see: "express.ts",
    place: pnpm,
    check: (consumer, fold) => serving(["express.ts"], { cwd: join(consumer.folder, "project") })(consumer, fold)
  }
]
