// The environment variables of OpenTelemetry's specification:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { MetricsLayer } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { settingsOf } from "../../src/internal/exporters/otlp/settings.ts"
import { recordLogs } from "../support/logs.ts"

type Variables = { readonly [name: string]: string }

const settings = (env: Variables, options: Otlp.OtlpOptions = {}) =>
  Effect.runSync(
    Effect.provideService(
      settingsOf(options, "app", Effect.succeed("an instance")),
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env: Object.fromEntries(Object.entries(env).map(([key, value]) => [full(key), value])) })
    )
  )

/** Most begin alike. */
const full = (name: string): string => (name.startsWith("OTEL") ? name : `OTEL_EXPORTER_OTLP_${name}`)

const attributes = (env: Variables, options: Otlp.OtlpOptions = {}) => settings(env, options).resource.attributes

describe("without options and variables", () => {
  it("all settings have the defaults of the specification", () => {
    const { exportInterval, exportTimeout, shutdownTimeout, timeout, ...rest } = settings({})
    expect(rest).toMatchObject({
      url: "http://localhost:4318/v1/metrics",
      protocol: "http/protobuf",
      compression: "none",
      temporality: "cumulative",
      isDisabled: false,
      warnings: []
    })
    const limits = [timeout, exportTimeout, exportInterval, shutdownTimeout]
    expect(limits.map(Duration.toMillis)).toEqual([10_000, 30_000, 60_000, 3000])
    expect(rest.headers).toEqual({
      "user-agent": expect.stringMatching(/^OTel-OTLP-Exporter-JavaScript-mvx-metrics\/\d/)
    })
    expect(rest.resource.attributes).toMatchObject({ "service.name": "app", "telemetry.sdk.language": "nodejs" })
  })

  it("empty variables count as unset", () => {
    expect(settings({ ENDPOINT: "", METRICS_ENDPOINT: " ", PROTOCOL: "", HEADERS: "", TIMEOUT: "" })).toEqual(
      settings({})
    )
  })
})

describe("the endpoint", () => {
  it.each([
    [{ ENDPOINT: "http://collector:4318" }, "http://collector:4318/v1/metrics"],
    [{ ENDPOINT: "http://collector:4318/" }, "http://collector:4318/v1/metrics"],
    [{ ENDPOINT: "https://collector/base/" }, "https://collector/base/v1/metrics"],
    [{ ENDPOINT: "https://collector/base?key=1" }, "https://collector/base/v1/metrics?key=1"],
    [{ METRICS_ENDPOINT: "https://collector/here", ENDPOINT: "http://other" }, "https://collector/here"],
    [{ METRICS_ENDPOINT: "https://collector" }, "https://collector/"]
  ])("derived from %j is %s", (env, url) => {
    expect(settings(env as unknown as Variables).url).toBe(url)
  })

  it("is the option if it is set", () => {
    expect(settings({ METRICS_ENDPOINT: "http://other" }, { url: "http://collector/x" }).url).toBe("http://collector/x")
  })

  it("moves user and password to the authorization header, which the headers option overrides", () => {
    const { headers, place, url } = settings({ METRICS_ENDPOINT: "https://me:p%40ss@collector/x?key=1" })
    expect(url).toBe("https://collector/x?key=1")
    expect(place).toBe("https://collector/x")
    expect(headers.authorization).toBe(`Basic ${btoa("me:p@ss")}`)
    expect(settings({}, { url: "http://a:b@c/", headers: { Authorization: "Bearer t" } }).headers.authorization).toBe(
      "Bearer t"
    )
  })
})

describe("OTLP headers", () => {
  it("are merged: the option overrides metrics headers, which override general headers", () => {
    const env = { HEADERS: "a=1,b=1, c = x%2Cy%20z ", METRICS_HEADERS: "b=2,D=2" }
    expect(settings(env, { headers: { d: "3", "User-Agent": "mine" } }).headers).toEqual({
      a: "1",
      b: "2",
      c: "x,y z",
      d: "3",
      "user-agent": expect.stringMatching(/^mine OTel-OTLP-Exporter/)
    })
  })

  it("that cannot be decoded are ignored, and their values are not logged", () => {
    const { headers, warnings } = settings({ HEADERS: "authorization=%E0%A4%A" })
    expect(headers.authorization).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining("OTEL_EXPORTER_OTLP_HEADERS is ignored")])
    expect(warnings.join()).not.toContain("%E0")
  })
})

describe("other OTLP variables", () => {
  it("for metrics override general ones, and options override both", () => {
    const env = {
      PROTOCOL: "http/json",
      METRICS_PROTOCOL: "HTTP/protobuf",
      COMPRESSION: "none",
      METRICS_COMPRESSION: "gzip",
      TIMEOUT: "1",
      METRICS_TIMEOUT: "2500",
      METRICS_TEMPORALITY_PREFERENCE: "Delta",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      OTEL_METRIC_EXPORT_TIMEOUT: "4000"
    }
    const shown = (options?: Otlp.OtlpOptions) => {
      const { compression, exportInterval, exportTimeout, protocol, temporality, timeout } = settings(env, options)
      return [protocol, compression, temporality, ...[timeout, exportTimeout, exportInterval].map(Duration.toMillis)]
    }
    expect(shown()).toEqual(["http/protobuf", "gzip", "delta", 2500, 4000, 5000])
    expect(
      shown({
        protocol: "http/json",
        compression: "none",
        temporality: "cumulative",
        timeout: 1,
        exportTimeout: 2,
        exportInterval: 3
      })
    ).toEqual(["http/json", "none", "cumulative", 1, 2, 3])
  })

  it("lowmemory means delta, and a time limit of 0 means no limit", () => {
    const { exportTimeout, temporality, timeout } = settings({
      METRICS_TEMPORALITY_PREFERENCE: "lowmemory",
      TIMEOUT: "0",
      OTEL_METRIC_EXPORT_TIMEOUT: "0"
    })
    expect(temporality).toBe("delta")
    expect([timeout, exportTimeout].map(Duration.isFinite)).toEqual([false, false])
  })

  it.each([
    ["PROTOCOL", "grpc", "must be one of http/protobuf, http/json"],
    ["COMPRESSION", "zstd", "must be one of gzip, none"],
    ["METRICS_TEMPORALITY_PREFERENCE", "daily", "must be one of cumulative, delta, lowmemory"],
    ["TIMEOUT", "10s", "must be a whole number of milliseconds"],
    ["TIMEOUT", "-1", "must be a whole number of milliseconds"],
    ["OTEL_METRIC_EXPORT_INTERVAL", "0", "must be more than 0"],
    ["METRICS_ENDPOINT", "collector", "Invalid URL"],
    ["METRICS_ENDPOINT", "localhost:4318", "must begin with http:// or https://"],
    ["ENDPOINT", "grpc://collector:4317", "must begin with http:// or https://"],
    ["HEADERS", "a=b,api-key=SECRET%0ASECRET", 'has a value of "api-key" that no header of HTTP can have'],
    ["METRICS_HEADERS", "api-key=%F0%9F%94%91", 'has a value of "api-key" that no header of HTTP can have'],
    ["HEADERS", "SEC%20RET=1", "has a name that no header of HTTP can have"],
    ["OTEL_RESOURCE_ATTRIBUTES", "a=1,b", "must be name=value,name=value"],
    ["OTEL_SDK_DISABLED", "yes", "must be one of true, false"]
  ])("%s=%s is ignored with a warning", (name, value, reason) => {
    expect(settings({ [name]: value })).toEqual({
      ...settings({}),
      warnings: [`${full(name)} is ignored: ${reason}`]
    })
  })

  it("certificate variables are ignored with a warning that they belong to the HttpClient", () => {
    expect(settings({ CERTIFICATE: "ca.pem", METRICS_CLIENT_KEY: "key.pem" }).warnings).toEqual([
      "OTEL_EXPORTER_OTLP_CERTIFICATE is ignored: certificates are those of the HttpClient that was provided",
      "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY is ignored: certificates are those of the HttpClient that was provided"
    ])
  })
})

describe("the resource", () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: "service.name=env, zone = eu%20west%3D1 ,key%2C1=x" }

  it("is decoded from the variable", () => {
    expect(attributes(env)).toMatchObject({ "service.name": "env", zone: "eu west=1", "key,1": "x" })
  })

  it("takes its name from the options, then OTEL_SERVICE_NAME, then the variable", () => {
    const named = { ...env, OTEL_SERVICE_NAME: "named" }
    expect(attributes(named)["service.name"]).toBe("named")
    const resource = { attributes: { "service.name": "given", zone: "us" } }
    expect(attributes(named, { resource })).toMatchObject({ "service.name": "given", zone: "us" })
    expect(attributes(named, { resource: { ...resource, serviceName: "first" } })["service.name"]).toBe("first")
  })

  it("distinguishes instances of the service unless options or variables set an id", () => {
    const id = "service.instance.id"
    expect(attributes(env)[id]).toBe("an instance")
    const given = { OTEL_RESOURCE_ATTRIBUTES: `${id}=pod-1` }
    expect(attributes(given)[id]).toBe("pod-1")
    expect(attributes(given, { resource: { attributes: { [id]: "pod-2" } } })[id]).toBe("pod-2")
    expect(attributes({}, { resource: { attributes: { [id]: undefined } } })[id]).toBe("an instance")
    expect(attributes(given, { resource: { attributes: { [id]: null } } })).not.toHaveProperty(id)
  })

  it("accepts any attribute value", () => {
    const given = { list: ["a", 1, true], big: 10n, huge: 2n ** 70n, none: undefined, date: new Map() }
    const all = attributes({}, { resource: { attributes: given } })
    expect(all).toMatchObject({ list: ["a", 1, true], big: 10, huge: String(2n ** 70n), date: expect.any(String) })
    expect(all).not.toHaveProperty("none")
  })
})

it.effect("OTEL_SDK_DISABLED disables exports, and problems with variables are logged", () =>
  Effect.gen(function* () {
    const logs = recordLogs()
    const layer = Otlp.layer().pipe(
      Layer.provide(MetricsLayer.layerInProcess({ namespace: "app" })),
      Layer.provide(
        Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make(() => Effect.die("a request"))
        )
      ),
      Layer.provide(
        ConfigProvider.layer(
          ConfigProvider.fromEnv({ env: { OTEL_SDK_DISABLED: "TRUE", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" } })
        )
      ),
      Layer.provide(logs.layer)
    )
    yield* Effect.provide(
      Effect.flatMap(Otlp.Exporter, ({ flush }) => flush),
      layer
    )
    expect(logs.lines.filter(({ level }) => level !== "Debug").map(({ level, text }) => [level, text])).toEqual([
      ["Warn", "OTEL_EXPORTER_OTLP_PROTOCOL is ignored: must be one of http/protobuf, http/json"],
      ["Info", "OTEL_SDK_DISABLED is true: nothing is exported"]
    ])
  })
)
