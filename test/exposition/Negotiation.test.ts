// Protobuf and OpenMetrics for clients that prefer them; the text format for all others.
import { expect, it } from "@effect/vitest"
import { formatFor, takesGzip } from "../../src/internal/formats/prometheus/negotiation.ts"

const prometheus =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
const prometheus3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

it.each([
  [`${protobuf},${prometheus}`, "protobuf"],
  [`${protobuf};q=0.6,${prometheus3}`, "protobuf"],
  [`${protobuf};q=0.4,${prometheus3}`, "openmetrics"],
  [`${protobuf};q=0.2,text/plain;q=0.3`, "text"],
  [
    'application/vnd.google.protobuf; encoding="delimited"; proto="io.prometheus.client.MetricFamily"; escaping=underscores',
    "protobuf"
  ],
  [`${protobuf.replace("delimited", "compact-text")}, text/plain;q=0.1`, "text"],
  [`${protobuf.replace("MetricFamily", "Other")}, */*;q=0.1`, "text"],
  ["application/vnd.google.protobuf", "text"],
  [prometheus, "openmetrics"],
  [prometheus3, "openmetrics"],
  ["application/openmetrics-text", "openmetrics"],
  ["Application/OpenMetrics-Text; Version=1.0.0; Charset=utf-8", "openmetrics"],
  ["application/openmetrics-text; q=0.5, text/plain; q=0.4", "openmetrics"],
  ["application/openmetrics-text, */*", "openmetrics"],
  ['application/openmetrics-text; version="1.0.0"', "openmetrics"],
  ["application/openmetrics-text; q=0.4, text/plain; q=0.5", "text"],
  ["application/openmetrics-text; q=0.4, text/*", "text"],
  ["application/openmetrics-text; q=0", "text"],
  ["application/openmetrics-text; q=high", "text"],
  ["application/openmetrics-text; version=2.0.0", "text"],
  ["text/plain", "text"],
  ["*/*", "text"],
  ["application/*", "text"],
  ["text/html", "text"],
  ["", "text"],
  [",;q,", "text"],
  [undefined, "text"],
  [null, "text"]
] as const)("the format for %s is %s", (accept, format) => {
  expect(formatFor(accept)).toBe(format)
})

it.each([
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["x-gzip", true],
  ["*", true],
  ["gzip;q=0, *", false],
  ["gzip;q=0", false],
  ["identity, br", false]
] as const)("Accept-Encoding %s: gzip %s", (accept, takes) => {
  expect(takesGzip(accept)).toBe(takes)
})
