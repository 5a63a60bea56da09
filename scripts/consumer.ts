/** A folder outside the repository in which the packed tarball is used as its users get it. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"

export const repository = join(import.meta.dirname, "..")
export const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-consumer-"))

// `npx` and the tools that it starts run on the Node that this script runs on, and tell nobody of it.
const env = {
  ...process.env,
  PATH: [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
  NEXT_TELEMETRY_DISABLED: "1"
}

/** Runs a command to its end and gives what it printed. Whatever else it does than succeed in time is an error. */
export const run = (command: string, args: ReadonlyArray<string>, cwd = folder): string => {
  const { error, signal, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
    killSignal: "SIGKILL"
  })
  if (status === 0) return stdout
  const how = error?.message ?? signal ?? `exit code ${status}`
  throw new Error(`${command} ${args.join(" ")}: ${how}\n${stdout}${stderr}`)
}

export const node = (...args: ReadonlyArray<string>): string => run(process.execPath, args)

export const bin = (name: string): string => join(folder, "node_modules/.bin", name)

const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8"))

/** Packs the package and installs it in the folder, with other packages of the versions that the repository has. */
export const installPacked = (manifest: object, ...others: ReadonlyArray<string>): void => {
  run(process.execPath, [join(repository, "scripts/stage-package.ts")], repository)
  run("npm", ["pack", "--pack-destination", folder], join(repository, ".cache/package"))
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest))
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"))
  const versions = others.map((name) => `${name}@${lock.packages[`node_modules/${name}`].version}`)
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`, ...versions])
}

/** Runs the steps in order, and removes the folder after the last one. */
export const runSteps = async (steps: { readonly [what: string]: () => void | Promise<void> }): Promise<void> => {
  try {
    for (const [what, step] of Object.entries(steps)) {
      const start = performance.now()
      await step()
      console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${what}`)
    }
    rmSync(folder, { recursive: true })
  } catch (error) {
    console.error(error)
    console.error(`The consumer is left for a look in ${folder}`)
    process.exitCode = 1
  }
}
