/** What a Prometheus server needs for the samples of scrapes, and for the series that it has: one of its own. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout } from "node:timers/promises"
import { startPrometheus } from "../../../test/e2e/support/prometheus.ts"
import { type Line, lineThrough } from "./line.ts"

export interface PrometheusCosts {
  /** Milliseconds of processor time for a second with so many samples. */
  readonly millis: Line
  /** Bytes of resident memory with so many series. */
  readonly memory: Line
}

/** It is asked for its own series as well, about 1000 of them. */
const Few = 5
const Many = 100
const PerTarget = 1000
const Seconds = 15

interface Measured {
  readonly samples: number
  readonly millis: number
  readonly series: number
  readonly memory: number
}

const measured = async (targets: number): Promise<Measured> => {
  let scrapes = 0
  const servers = await Promise.all(
    Array.from(
      { length: targets },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer((_, response) => {
            const count = scrapes++
            const lines = Array.from(
              { length: PerTarget },
              (_, i) => `requests_total{route="/route/${i}"} ${count + i}\n`
            )
            response.end(`# TYPE requests_total counter\n${lines.join("")}`)
          }).listen(0, "127.0.0.1", () => resolve(server))
        })
    )
  )
  try {
    const ports = servers.map((server) => (server.address() as AddressInfo).port)
    await using prometheus = await startPrometheus(ports)
    const own = async (name: string): Promise<number> => {
      const text = await (await fetch(`${prometheus.url}/metrics`)).text()
      return Number(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, "m").exec(text)![1])
    }
    await prometheus.until("count(requests_total)", (count) => count === targets * PerTarget)
    const samples = "prometheus_tsdb_head_samples_appended_total"
    const before = {
      at: performance.now(),
      samples: await own(`${samples}\\{type="float"\\}`),
      cpu: await own("process_cpu_seconds_total")
    }
    await setTimeout(Seconds * 1000)
    const seconds = (performance.now() - before.at) / 1000
    return {
      samples: ((await own(`${samples}\\{type="float"\\}`)) - before.samples) / seconds,
      millis: (((await own("process_cpu_seconds_total")) - before.cpu) * 1000) / seconds,
      series: await own("prometheus_tsdb_head_series"),
      memory: await own("process_resident_memory_bytes")
    }
  } finally {
    for (const server of servers) server.close()
  }
}

export const measurePrometheus = async (): Promise<PrometheusCosts> => {
  const few = await measured(Few)
  const many = await measured(Many)
  return {
    millis: lineThrough([few.samples, few.millis], [many.samples, many.millis]),
    memory: lineThrough([few.series, few.memory], [many.series, many.memory])
  }
}
