/** Metrics defined by OpenTelemetry's semantic conventions. Existing dashboards rely on their kinds and units. */
import type { KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Found } from "./findings.ts"

type Convention = readonly [
  kind: "counter" | "gauge" | "histogram" | "upDownCounter",
  unit: string,
  boundaries?: ReadonlyArray<number>
]

const conventions: { readonly [name: string]: Convention } = {
  "http.server.request.duration": ["histogram", "s"],
  "http.server.active_requests": ["upDownCounter", "{request}"],
  "http.server.request.body.size": ["histogram", "By"],
  "http.server.response.body.size": ["histogram", "By"],
  "http.client.request.duration": ["histogram", "s"],
  "http.client.active_requests": ["upDownCounter", "{request}"],
  "http.client.request.body.size": ["histogram", "By"],
  "http.client.response.body.size": ["histogram", "By"],
  "http.client.open_connections": ["upDownCounter", "{connection}"],
  "http.client.connection.duration": ["histogram", "s"],
  "db.client.operation.duration": ["histogram", "s", [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]],
  "db.client.connection.count": ["upDownCounter", "{connection}"],
  "db.client.connection.pending_requests": ["upDownCounter", "{request}"],
  "db.client.connection.timeouts": ["counter", "{timeout}"],
  "db.client.connection.create_time": ["histogram", "s"],
  "db.client.connection.wait_time": ["histogram", "s"],
  "db.client.connection.use_time": ["histogram", "s"],
  "messaging.client.operation.duration": ["histogram", "s"],
  "messaging.client.sent.messages": ["counter", "{message}"],
  "messaging.client.consumed.messages": ["counter", "{message}"],
  "messaging.process.duration": ["histogram", "s"],
  "dns.lookup.duration": ["histogram", "s"],
  "faas.invoke_duration": ["histogram", "s"],
  "faas.invocations": ["counter", "{invocation}"],
  "faas.errors": ["counter", "{error}"],
  "gen_ai.client.operation.duration": ["histogram", "s"],
  "gen_ai.client.token.usage": ["histogram", "{token}"],
  "process.cpu.time": ["counter", "s"],
  "process.memory.usage": ["upDownCounter", "By"],
  "process.memory.virtual": ["upDownCounter", "By"],
  "process.uptime": ["gauge", "s"],
  "nodejs.eventloop.time": ["counter", "s"],
  "nodejs.eventloop.utilization": ["gauge", "1"],
  "nodejs.eventloop.delay.min": ["gauge", "s"],
  "nodejs.eventloop.delay.max": ["gauge", "s"],
  "nodejs.eventloop.delay.mean": ["gauge", "s"],
  "nodejs.eventloop.delay.p50": ["gauge", "s"],
  "nodejs.eventloop.delay.p90": ["gauge", "s"],
  "nodejs.eventloop.delay.p99": ["gauge", "s"],
  "v8js.gc.duration": ["histogram", "s"]
}

/** Whether they are the boundaries that the conventions require. */
export const areConventional = (name: string, boundaries: ReadonlyArray<number>): boolean =>
  Object.hasOwn(conventions, name) && String(conventions[name]![2]) === String(boundaries)

/** Attributes that have few values by the conventions: templates, codes and names from the program. */
export const fewByConvention: ReadonlySet<string> = new Set([
  "cpu.mode",
  "db.collection.name",
  "db.namespace",
  "db.operation.name",
  "db.response.status_code",
  "db.stored_procedure.name",
  "db.system.name",
  "error.type",
  "faas.invoked_name",
  "faas.invoked_provider",
  "faas.invoked_region",
  "faas.trigger",
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
  "gen_ai.token.type",
  "http.request.method",
  "http.response.status_code",
  "http.route",
  "messaging.consumer.group.name",
  "messaging.destination.template",
  "messaging.operation.name",
  "messaging.operation.type",
  "messaging.system",
  "network.protocol.name",
  "network.protocol.version",
  "network.transport",
  "network.type",
  "nodejs.eventloop.state",
  "rpc.method",
  "rpc.response.status_code",
  "rpc.system.name",
  "url.scheme",
  "url.template",
  "v8js.gc.type",
  "v8js.heap.space.name"
])

/**
 * A program chooses the servers that its clients connect to. On a server these attributes come from a header, so a
 * client controls them.
 */
const ofClients = new Set(["server.address", "server.port"])
const Client = /(?:^|\.)client\./

/** Whether a label of a metric is a conventional attribute with few values. */
export const isFewByConvention = (metric: string, label: string): boolean =>
  fewByConvention.has(label) || (ofClients.has(label) && Client.test(metric))

/** Levels are sampled by some instrumentations, and counted up and down by others. Servers store both as a gauge. */
const fits = (kind: KindName | undefined, convention: Convention[0]): boolean =>
  kind === convention ||
  (convention === "histogram" && kind === "exponentialHistogram") ||
  (convention === "upDownCounter" && kind === "gauge")

export function* checkConvention({ instrument, name, unit }: Metric.Any): Iterable<Found> {
  if (!Object.hasOwn(conventions, name)) return
  const [kind, conventionalUnit] = conventions[name]!
  if (!fits(instrument?.kind, kind)) {
    yield {
      code: "convention-kind",
      message: `is a ${kind} in OpenTelemetry's semantic conventions, and not a ${instrument?.kind ?? "hand-written metric"}`,
      advice: `Make it with Metric.${kind}, or give it a name of your own`
    }
  }
  if (unit !== conventionalUnit) {
    yield {
      code: "convention-unit",
      message: `has the unit ${conventionalUnit} in OpenTelemetry's semantic conventions, and ${unit ?? "none"} here`,
      advice: `Give it the unit ${conventionalUnit} and measure in it, or give it a name of your own`
    }
  }
}
