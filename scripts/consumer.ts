/** Folders outside the repository in which the packed tarball is used as its users get it. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"

export const repository = join(import.meta.dirname, "..")

const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8"))

/** A package with the version that the repository has. */
export const locked = (name: string): string => `${name}@${lock.packages[`node_modules/${name}`].version}`

/** A folder with what is installed in it. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), "mvx-metrics-consumer-"))
  // `npx` and the tools that it starts run on the Node that this script runs on, and tell nobody of it.
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [join(this.folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
    NEXT_TELEMETRY_DISABLED: "1"
  }

  /** Runs a command to its end and gives what it printed. Whatever else it does than succeed in time is an error. */
  run(command: string, args: ReadonlyArray<string>, cwd = this.folder): string {
    const { error, signal, status, stderr, stdout } = spawnSync(command, args, {
      cwd,
      env: this.env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 240_000,
      killSignal: "SIGKILL"
    })
    if (status === 0) return stdout
    const how = error?.message ?? signal ?? `exit code ${status}`
    throw new Error(`${command} ${args.join(" ")}: ${how}\n${stdout}${stderr}`)
  }

  node(...args: ReadonlyArray<string>): string {
    return this.run(process.execPath, args)
  }

  bin(name: string): string {
    return join(this.folder, "node_modules/.bin", name)
  }

  /** Installs what a manifest lists, and packages beside. */
  install(manifest: object, ...packages: ReadonlyArray<string>): void {
    writeFileSync(join(this.folder, "package.json"), JSON.stringify(manifest))
    this.run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages])
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Packs the package into a folder, and gives the tarball. */
export const packInto = (consumer: Consumer): string => {
  consumer.run(process.execPath, [join(repository, "scripts/stage-package.ts")], repository)
  consumer.run("npm", ["pack", "--pack-destination", consumer.folder], join(repository, ".cache/package"))
  return join(consumer.folder, readdirSync(consumer.folder).find((file) => file.endsWith(".tgz"))!)
}
