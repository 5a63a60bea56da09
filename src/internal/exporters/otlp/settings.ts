/** The settings of an exporter: its options, then environment variables, then defaults. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Schedule from "effect/Schedule"
import { headersCheck } from "../../model/optionChecks.ts"
import type { AttributeValue, Protocol, Resource, Temporality } from "../../model/otlp.ts"
import { describeError } from "../../util/describeError.ts"
import { Version } from "../../util/version.ts"
import type { OtlpOptions } from "./options.ts"
import { tlsVariables, Variables } from "./variables.ts"

export interface Settings {
  readonly url: string
  /** The URL as shown to people. */
  readonly place: string
  readonly protocol: Protocol
  readonly resource: Resource
  readonly headers: Headers.Headers
  readonly compression: "gzip" | "none"
  readonly timeout: Duration.Duration
  readonly retry: Schedule.Schedule<unknown, unknown>
  readonly exportInterval: Duration.Duration
  readonly exportTimeout: Duration.Duration
  readonly maxExportBatchSize: number
  readonly shutdownTimeout: Duration.Duration
  readonly temporality: Temporality
  /** Whether nothing is sent at all. */
  readonly isDisabled: boolean
  /** Problems with the variables. */
  readonly warnings: ReadonlyArray<string>
}

const protocols = { "http/protobuf": "http/protobuf", "http/json": "http/json" } as const
/**
 * OpenTelemetry's low-memory preference means delta for everything that is measured synchronously, which all metrics
 * here are.
 */
const temporalities = { cumulative: "cumulative", delta: "delta", lowmemory: "delta" } as const

const userAgent = `OTel-OTLP-Exporter-JavaScript-mvx-metrics/${Version}`

/** The values of OpenTelemetry's exporters. */
const defaultRetry = Schedule.exponential("1 second", 1.5).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(5)))),
  Schedule.jittered
)

/** `instanceId`: identifies the process, unless options or variables do. */
export const settingsOf = (
  options: OtlpOptions,
  namespace: string,
  instanceId: Effect.Effect<string>
): Effect.Effect<Settings> =>
  Effect.gen(function* () {
    const variables = yield* Variables.read
    const resource = yield* resourceOf(options.resource, variables, namespace, instanceId)
    const duration = (given: Duration.Input | undefined, otherwise: () => Duration.Duration | undefined) =>
      given === undefined ? otherwise() : Duration.fromInputUnsafe(given)
    const headers = Headers.fromInput({
      ...variables.pairs("OTEL_EXPORTER_OTLP_HEADERS", headersCheck),
      ...variables.pairs("OTEL_EXPORTER_OTLP_METRICS_HEADERS", headersCheck)
    })
    const all = Headers.merge(headers, Headers.fromInput(options.headers))
    const own = all["user-agent"]
    const given =
      options.url ??
      variables.url("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") ??
      variables.url("OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/metrics") ??
      "http://localhost:4318/v1/metrics"
    const [url, authorization] = withoutUser(given)
    const ignored = tlsVariables.filter((name) => variables.text(name) !== undefined)
    return {
      url,
      place: shown(url),
      protocol:
        options.protocol ??
        variables.oneOf(["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"], protocols) ??
        "http/protobuf",
      resource,
      headers: Headers.fromInput({
        ...authorization,
        ...all,
        "user-agent": own === undefined ? userAgent : `${own} ${userAgent}`
      }),
      compression:
        options.compression ??
        variables.oneOf(["OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"], {
          gzip: "gzip",
          none: "none"
        } as const) ??
        "none",
      timeout:
        duration(options.timeout, () =>
          variables.millis(["OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"], Duration.infinity)
        ) ?? Duration.seconds(10),
      retry: options.retry ?? defaultRetry,
      exportInterval:
        duration(options.exportInterval, () => variables.millis(["OTEL_METRIC_EXPORT_INTERVAL"])) ??
        Duration.seconds(60),
      exportTimeout:
        duration(options.exportTimeout, () => variables.millis(["OTEL_METRIC_EXPORT_TIMEOUT"], Duration.infinity)) ??
        Duration.seconds(30),
      maxExportBatchSize: options.maxExportBatchSize ?? 5000,
      shutdownTimeout: Duration.fromInputUnsafe(options.shutdownTimeout ?? "3 seconds"),
      temporality:
        options.temporality ??
        variables.oneOf(["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"], temporalities) ??
        "cumulative",
      isDisabled: variables.isTrue("OTEL_SDK_DISABLED"),
      warnings: [
        ...variables.warnings,
        ...ignored.map((name) => `${name} is ignored: certificates are those of the HttpClient that was provided`)
      ]
    }
  })

/** `fetch` rejects a URL with a user, and repeats it in its message. */
const withoutUser = (given: string): readonly [url: string, headers: { readonly authorization?: string }] => {
  const url = new URL(given)
  if (url.username === "" && url.password === "") return [given, {}]
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = ""
  url.password = ""
  return [url.href, { authorization: `Basic ${Buffer.from(user).toString("base64")}` }]
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A URL for people: without parameters, which may be keys. */
const shown = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

const InstanceId = "service.instance.id"

const resourceOf = Effect.fnUntraced(function* (
  given: OtlpOptions["resource"],
  variables: Variables,
  namespace: string,
  instanceId: Effect.Effect<string>
): Effect.fn.Return<Resource> {
  const name = variables.text("OTEL_SERVICE_NAME")
  const attributes: { [name: string]: unknown } = {
    "telemetry.sdk.name": "mvx-metrics",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.version": Version,
    "service.name": namespace,
    ...variables.pairs("OTEL_RESOURCE_ATTRIBUTES"),
    ...(name !== undefined && { "service.name": name }),
    ...given?.attributes,
    ...(given?.serviceName && { "service.name": given.serviceName }),
    ...(given?.serviceVersion && { "service.version": given.serviceVersion })
  }
  if (attributes[InstanceId] === undefined) attributes[InstanceId] = yield* instanceId
  return {
    attributes: Object.fromEntries(
      Object.entries(attributes).flatMap(([key, value]) =>
        value === undefined || value === null ? [] : [[key, attributeValue(value)]]
      )
    )
  }
})

const attributeValue = (value: unknown): AttributeValue => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    default:
      return Array.isArray(value) ? value.map(attributeValue) : describeError(value)
  }
}
