/**
 * A Prometheus of its own, on loopback, with its storage in a temporary folder.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"

/** Whether a program can be run; says what is missing where it cannot. */
export const has = (program: string, ...args: ReadonlyArray<string>): boolean => {
  const found = spawnSync(program, args).status === 0
  if (!found) console.warn(`Skipped: ${[program, ...args].join(" ")} does not run`)
  return found
}

interface Sample {
  readonly metric: { readonly [label: string]: string }
  readonly value: number
}

export interface Prometheus extends AsyncDisposable {
  /** The samples of an instant query. */
  readonly query: (expression: string) => Promise<ReadonlyArray<Sample>>
  /** Its only value. */
  readonly value: (expression: string) => Promise<number | undefined>
  /** Waits until an expression has a value that will do. */
  readonly until: (expression: string, holds: (value: number) => boolean) => Promise<number>
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Scrapes this port of loopback each second. */
export const startPrometheus = async (target: number): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-prometheus-"))
  const port = await freePort()
  const config = join(folder, "prometheus.yml")
  const scrape = { job_name: "service", static_configs: [{ targets: [`127.0.0.1:${target}`] }] }
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [scrape] }))
  const child = spawn("prometheus", [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`
  ])
  let said = ""
  child.stderr.on("data", (chunk) => {
    said += chunk
  })
  const ended = new Promise((resolve) => child.once("close", resolve))

  const query = async (expression: string): Promise<ReadonlyArray<Sample>> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: expression })}`
    const { data, error } = (await (await fetch(url)).json()) as {
      readonly error?: string
      readonly data: {
        readonly result: ReadonlyArray<{ readonly metric: Sample["metric"]; readonly value: readonly [number, string] }>
      }
    }
    if (error !== undefined) throw new Error(`${expression}: ${error}`)
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }
  const value = async (expression: string): Promise<number | undefined> => {
    const samples = await query(expression)
    if (samples.length > 1) throw new Error(`${expression} has ${samples.length} values`)
    return samples[0]?.value
  }
  const until = async (expression: string, holds: (value: number) => boolean): Promise<number> => {
    let last: number | undefined
    for (let i = 0; i < 200; i++) {
      try {
        last = await value(expression)
        if (last !== undefined && holds(last)) return last
      } catch (error) {
        // It takes a moment to start.
        if (child.exitCode !== null) throw new Error(`prometheus has ended: ${said}`, { cause: error })
      }
      await setTimeout(200)
    }
    throw new Error(`${expression} is ${last} after 40 seconds. Prometheus says: ${said}`)
  }
  return {
    query,
    value,
    until,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
      rmSync(folder, { recursive: true })
    }
  }
}
