/**
 * A dedicated Prometheus on loopback, with its storage in a temporary folder.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { startProgram } from "./program.ts"

interface Sample {
  readonly metric: { readonly [label: string]: string }
  readonly value: number
}

export interface Prometheus extends AsyncDisposable {
  readonly url: string
  /** The samples of an instant query, now or at a time in seconds. */
  readonly query: (expression: string, time?: number) => Promise<ReadonlyArray<Sample>>
  /** Its only value. */
  readonly value: (expression: string) => Promise<number | undefined>
  /** Waits until an expression has a value that will do. */
  readonly until: (expression: string, holds: (value: number) => boolean) => Promise<number>
}

interface Settings {
  readonly flags?: ReadonlyArray<string>
  /** Keeps the labels of the target, as of a Pushgateway. */
  readonly honorLabels?: boolean
}

/** Scrapes these ports of loopback each second. */
export const startPrometheus = async (
  targets: number | ReadonlyArray<number>,
  { flags = [], honorLabels = false }: Settings = {}
): Promise<Prometheus> => {
  const addresses = [targets].flat().map((port) => `127.0.0.1:${port}`)
  const scrape = { job_name: "service", honor_labels: honorLabels, static_configs: [{ targets: addresses }] }
  const program = await startProgram("prometheus", (folder, port) => {
    const config = join(folder, "prometheus.yml")
    writeFileSync(config, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [scrape] }))
    return [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags
    ]
  })
  const { url } = program

  const query = async (expression: string, time?: number): Promise<ReadonlyArray<Sample>> => {
    const at = time === undefined ? {} : { time: String(time) }
    const asked = `${url}/api/v1/query?${new URLSearchParams({ query: expression, ...at })}`
    const { data, error } = (await (await fetch(asked)).json()) as {
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
        program.expectAlive(error)
      }
      await setTimeout(200)
    }
    throw new Error(`${expression} is ${last} after 40 seconds. Prometheus says: ${program.said()}`)
  }
  return { url, query, value, until, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
