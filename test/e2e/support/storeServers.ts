/**
 * Redis and PostgreSQL for a single test, on loopback, with their files in a temporary folder. They can be restarted.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { freePort } from "./program.ts"

export interface StoreServer extends AsyncDisposable {
  /** Of the store, on whatever port it listens now and after a restart. */
  readonly url: string
  /** Where its files are. */
  readonly folder: string
  /** Ends it at once, or with the signal, and waits until it has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
  /** Starts it, and waits until it answers. */
  readonly start: () => Promise<void>
}

const within = async (what: string, holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 300; i++) {
    if (holds()) return
    await setTimeout(100)
  }
  throw new Error(`${what} after 30 seconds`)
}

interface ServerOptions {
  readonly url: string
  readonly folder: string
  readonly spawn: () => ChildProcess
  readonly answers: () => boolean
}

const server = ({ answers, folder, spawn, url }: ServerOptions): StoreServer => {
  let child: ChildProcess | undefined
  let ended: Promise<unknown> = Promise.resolve()
  let said = ""
  const stop = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child?.kill(signal)
    await ended
    child = undefined
  }
  return {
    url,
    folder,
    stop,
    start: async () => {
      const started = spawn()
      child = started
      started.stdout?.on("data", (chunk) => {
        said += chunk
      })
      started.stderr?.on("data", (chunk) => {
        said += chunk
      })
      ended = new Promise((resolve) => started.once("close", resolve))
      await within(`${url} does not answer: ${said}`, () => {
        if (started.exitCode !== null) throw new Error(`the server of ${url} has ended: ${said}`)
        return answers()
      })
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const succeeds = (program: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(program, args, { timeout: 5000 }).status === 0

/** Writes each change to its file before it answers, so that a kill loses nothing. */
export const makeRedis = async (fsync: "always" | "everysec" = "always"): Promise<StoreServer> => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-redis-"))
  const port = String(await freePort())
  return server({
    url: `redis://127.0.0.1:${port}`,
    folder,
    spawn: () =>
      spawn("redis-server", [
        ...["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", fsync]
      ]),
    answers: () => succeeds("redis-cli", "-p", port, "ping")
  })
}

const versionsOfDebian = "/usr/lib/postgresql"

/** The folder of PostgreSQL's programs: Debian has them in none of `PATH`. */
const postgresPrograms = (): string | undefined => {
  try {
    const versions = readdirSync(versionsOfDebian).sort((one, other) => Number(one) - Number(other))
    return versions.length === 0 ? undefined : join(versionsOfDebian, versions.at(-1)!, "bin")
  } catch {
    return succeeds("initdb", "--version") ? "" : undefined
  }
}

export const hasRedis = (): boolean => {
  const found = succeeds("redis-server", "--version") && succeeds("redis-cli", "--version")
  if (!found) console.warn("Skipped: redis-server does not run")
  return found
}

export const hasPostgres = (): boolean => {
  const found = postgresPrograms() !== undefined
  if (!found) console.warn("Skipped: there are no programs of PostgreSQL")
  return found
}

/** PostgreSQL refuses to run as root: then it is the user that its package has made. */
const userOfPostgres = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const id = (option: string): number => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

export const makePostgres = async (): Promise<StoreServer> => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-postgres-"))
  const port = String(await freePort())
  const programs = postgresPrograms()!
  const user = userOfPostgres()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, "data")
  execFileSync(
    join(programs, "initdb"),
    ["-D", data, "--username=metrics", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
    { ...user, cwd: folder, stdio: "pipe" }
  )
  const url = `postgres://metrics@127.0.0.1:${port}/postgres`
  return server({
    url,
    folder,
    spawn: () =>
      spawn(
        join(programs, "postgres"),
        [
          "-D",
          data,
          "-p",
          port,
          "-c",
          "listen_addresses=127.0.0.1",
          "-c",
          "max_connections=200",
          "-c",
          `unix_socket_directories=${folder}`
        ],
        { ...user, cwd: folder }
      ),
    answers: () => succeeds(join(programs, "pg_isready"), "-h", "127.0.0.1", "-p", port)
  })
}
