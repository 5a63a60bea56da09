/**
 * Metrics that OpenTelemetry's semantic conventions define: dashboards of others rely on their kinds and units.
 */
import type { KindName } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { type Finding, finding } from "./findings.ts"

type Convention = readonly [kind: "counter" | "gauge" | "histogram" | "upDownCounter", unit: string]

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
  "db.client.operation.duration": ["histogram", "s"],
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

/** A level is sampled by some, and counted up and down by others; servers store both as a gauge. */
const fits = (kind: KindName | undefined, convention: Convention[0]): boolean =>
  kind === convention ||
  (convention === "histogram" && kind === "exponentialHistogram") ||
  (convention === "upDownCounter" && kind === "gauge")

export const checkConvention = ({ instrument, name, unit }: Metric.Any): ReadonlyArray<Finding> => {
  if (!Object.hasOwn(conventions, name)) return []
  const [kind, conventionalUnit] = conventions[name]!
  return [
    ...(fits(instrument?.kind, kind)
      ? []
      : [
          finding(
            "convention-kind",
            name,
            `is a ${kind} in OpenTelemetry's semantic conventions, and not a ${instrument?.kind ?? "hand-written metric"}`,
            `Make it with Metric.${kind}, or give it a name of your own`
          )
        ]),
    ...(unit === conventionalUnit
      ? []
      : [
          finding(
            "convention-unit",
            name,
            `has the unit ${conventionalUnit} in OpenTelemetry's semantic conventions, and ${unit === undefined ? "none" : unit} here`,
            `Give it the unit ${conventionalUnit} and measure in it, or give it a name of your own`
          )
        ])
  ]
}
