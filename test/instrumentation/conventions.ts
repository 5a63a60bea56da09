/**
 * OpenTelemetry's conventions as data. Names of metrics and attributes, and the values of attributes, are those of
 * `@opentelemetry/semantic-conventions`; instruments, units, boundaries and which attributes a metric has are those of
 * the tables in `docs/http/http-metrics.md` and `docs/db/database-metrics.md` of the conventions, which no package has.
 */
import * as conventions from "@opentelemetry/semantic-conventions/incubating"

const {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME
} = conventions

export interface Convention {
  readonly name: string
  readonly kind: "histogram" | "upDownCounter"
  readonly unit: string
  readonly boundaries?: ReadonlyArray<number>
  readonly attributes: ReadonlyArray<string>
}

const httpDurations = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const address = [ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT]
const server = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_URL_SCHEME,
  ATTR_HTTP_ROUTE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ...address
]
/** The version of the protocol is recommended where it is known, and neither `fetch` nor Effect's client tells it. */
const client = [ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_ERROR_TYPE, ...address]

export const httpServer: ReadonlyArray<Convention> = [
  {
    name: conventions.METRIC_HTTP_SERVER_REQUEST_DURATION,
    kind: "histogram",
    unit: "s",
    boundaries: httpDurations,
    attributes: server
  },
  {
    name: conventions.METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
    kind: "upDownCounter",
    unit: "{request}",
    attributes: [ATTR_HTTP_REQUEST_METHOD, ATTR_URL_SCHEME, ...address]
  },
  { name: conventions.METRIC_HTTP_SERVER_REQUEST_BODY_SIZE, kind: "histogram", unit: "By", attributes: server },
  { name: conventions.METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE, kind: "histogram", unit: "By", attributes: server }
]

export const httpClient: ReadonlyArray<Convention> = [
  {
    name: conventions.METRIC_HTTP_CLIENT_REQUEST_DURATION,
    kind: "histogram",
    unit: "s",
    boundaries: httpDurations,
    attributes: client
  },
  {
    name: conventions.METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
    kind: "upDownCounter",
    unit: "{request}",
    attributes: [ATTR_HTTP_REQUEST_METHOD, ...address]
  },
  { name: conventions.METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE, kind: "histogram", unit: "By", attributes: client },
  { name: conventions.METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE, kind: "histogram", unit: "By", attributes: client }
]

export const database: ReadonlyArray<Convention> = [
  {
    name: conventions.METRIC_DB_CLIENT_OPERATION_DURATION,
    kind: "histogram",
    unit: "s",
    boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    attributes: [
      ATTR_DB_SYSTEM_NAME,
      ATTR_DB_NAMESPACE,
      ATTR_DB_OPERATION_NAME,
      ATTR_DB_COLLECTION_NAME,
      ATTR_ERROR_TYPE,
      ...address
    ]
  }
]

/** The values that the package has of an attribute. */
export const valuesOf = (attribute: "HTTP_REQUEST_METHOD" | "DB_SYSTEM_NAME"): ReadonlyArray<string> =>
  Object.entries(conventions).flatMap(([name, value]) =>
    name.startsWith(`${attribute}_VALUE_`) && typeof value === "string" ? [value] : []
  )
