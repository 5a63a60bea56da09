/** A collector of OpenTelemetry that keeps what it was sent last, by process. */
import { createServer, type IncomingMessage } from "node:http"
import { listening } from "./listening.ts"

/** How many lookups there were, by outcome. */
export interface Lookups {
  readonly FOUND: number
  readonly MISSING: number
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

interface Exported {
  readonly resourceMetrics: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
    readonly scopeMetrics: ReadonlyArray<{
      readonly metrics: ReadonlyArray<{
        readonly name: string
        readonly sum?: {
          readonly dataPoints: ReadonlyArray<{
            readonly attributes: ReadonlyArray<Attribute>
            readonly asInt?: string | number
            readonly asDouble?: number
          }>
        }
      }>
    }>
  }>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString("utf8")
}

/** The numbers of an export. They are cumulative: the last one of a process has everything. */
const lookupsIn = ({ scopeMetrics }: Exported["resourceMetrics"][number]): Lookups => {
  const counted = { FOUND: 0, MISSING: 0 }
  const points = scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .filter(({ name }) => name === "order.lookups")
    .flatMap(({ sum }) => sum?.dataPoints ?? [])
  for (const { asDouble, asInt, attributes } of points) {
    const outcome = attributes.find(({ key }) => key === "outcome")?.value.stringValue
    if (outcome === "FOUND" || outcome === "MISSING") counted[outcome] += Number(asInt ?? asDouble)
  }
  return counted
}

export class Collector implements AsyncDisposable {
  readonly #server = createServer(async (request, response) => {
    const { resourceMetrics } = JSON.parse(await bodyOf(request)) as Exported
    for (const each of resourceMetrics) this.#last.set(JSON.stringify(each.resource), lookupsIn(each))
    response.writeHead(200, { "content-type": "application/json" }).end("{}")
  })
  readonly #last = new Map<string, Lookups>()

  /** Starts it, and returns what a program needs in its environment to export to it. */
  async listen(): Promise<Record<string, string>> {
    const port = await listening(this.#server)
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      // No export while the program runs: what arrives was sent on purpose, or at the end.
      OTEL_METRIC_EXPORT_INTERVAL: "600000"
    }
  }

  get lookups(): Lookups {
    const all = [...this.#last.values()]
    const sum = (outcome: keyof Lookups): number => all.reduce((total, each) => total + each[outcome], 0)
    return { FOUND: sum("FOUND"), MISSING: sum("MISSING") }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
