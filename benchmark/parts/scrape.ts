/** What a scrape of 100 000 series costs the application thread: text made by the fold, against a client in process. */
import { Counter, Registry } from "@prometheus-io/client"
import * as Effect from "effect/Effect"
import { MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { TenantSaves } from "../document.metrics.ts"
import { documentSaveOf } from "../documentSave.ts"
import { cpuNanos, inTurn, median } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

const recorders = 5
const tenants = 20_000
const series = recorders * tenants

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 4, warmUps: 2, seconds: 2 } : { rounds: 21, warmUps: 3, seconds: 60 }
  await using metrics = await startMetrics()
  const registry = new Registry()
  const saves = new Counter({
    name: "document_tenant_saves_total",
    help: "Saves of tenants.",
    labelNames: ["recorder", "tenant"],
    registers: [registry]
  })
  for (let r = 0; r < recorders; r++) {
    const recorder = await metrics.recorder(`documents-${r}`, [TenantSaves])
    for (let t = 0; t < tenants; t++) {
      recorder.emitUnsafe(documentSaveOf(t, `tenant-${t}`))
      saves.inc({ recorder: recorder.recorderId, tenant: `tenant-${t}` })
    }
    await Effect.runPromise(recorder.snapshots)
  }
  const handle = await Effect.runPromise(Effect.provideService(Prometheus.handler(), MetricsRuntime, metrics.runtime))
  const contenders = [
    { name: "scrape, to the bytes of the answer", text: async () => chunksOf(await handle(request())) },
    { name: "@prometheus-io/client, registry.metrics()", text: () => registry.metrics() }
  ]
  const all = await inTurn(contenders, rounds, async ({ name, text }) => {
    const worker = (await metrics.workerUsage()).cpuNanos
    const before = cpuNanos()
    const body = await text()
    const millis = (cpuNanos() - before) / 1e6
    check(name, body)
    return { millis, worker: ((await metrics.workerUsage()).cpuNanos - worker) / 1e6 }
  })

  title(`A scrape of ${series} series, ${all[0]!.results.length} rounds: milliseconds of processor time`)
  const [ours, theirs] = all.map(({ results }) => results.map(({ millis }) => millis)) as [number[], number[]]
  spreadTable({
    "scrape, application thread": ours,
    "scrape, worker": all[0]!.results.map(({ worker }) => worker),
    "@prometheus-io/client, application thread": theirs
  })
  const rendering = all[0]!.results.map(({ worker }) => worker)
  return {
    scrapeVsPrometheusIo: median(ours) / median(theirs),
    renderVsPrometheusIo: median(rendering) / median(theirs)
  }
}

const request = (): Request => new Request("http://localhost/metrics")

/** The bytes as a server has them that writes the answer to its socket, chunk by chunk. */
const chunksOf = async ({ body }: Response): Promise<ReadonlyArray<Uint8Array>> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of body!) chunks.push(chunk)
  return chunks
}

/** Who does not show all the series has not done the work. */
const check = (name: string, body: string | ReadonlyArray<Uint8Array>): void => {
  const text = typeof body === "string" ? body : Buffer.concat(body).toString()
  const lines = text.split("\n").filter((line) => line.startsWith("document_tenant_saves_total{")).length
  if (lines !== series) throw new Error(`${name} shows ${lines} series of ${series}`)
}
