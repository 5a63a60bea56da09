/**
 * Where metrics are pushed to, and how.
 */
import type * as Duration from "effect/Duration"
import type * as Headers from "effect/http/Headers"
import type * as Schedule from "effect/Schedule"
import { CoarsestSchema, FinestSchema, type RemoteWriteVersion } from "../model/format.ts"
import {
  aBoolean,
  aDuration,
  aSchedule,
  type Check,
  headersCheck,
  integerWithin,
  isHttpUrl,
  isRecord,
  longerThanZero,
  notBlank,
  oneOf,
  whyInvalidOptions
} from "../model/optionChecks.ts"
import type { InvalidArgument } from "../model/usageErrors.ts"
import { labelsCheck } from "./labelOptions.ts"
import { type ScrapeOptions, scrapeOptionChecks } from "./scrape.ts"

/**
 * The options that pushes to a Pushgateway and by remote write have in common.
 *
 * @category options
 * @since 0.2.0
 */
export interface PushTarget extends Pick<ScrapeOptions, "recorderLabel" | "selfMetrics"> {
  /** The label `job` of all series. Default: the namespace of the runtime. */
  readonly job?: string
  /** More labels of all series, such as `instance`. A Pushgateway keeps a group of metrics for each set of them. */
  readonly labels?: { readonly [name: string]: string }
  readonly headers?: Headers.Input
  /** The finest schema of native histograms, from -4 to 8. Default: 3, where buckets grow by a factor of 1.09. */
  readonly maxSchema?: number
  /** How long each request may take, by the real clock. Default: 5 seconds. */
  readonly requestTimeout?: Duration.Input
  /** How long a push may take, reading and retries included, by the real clock. Default: 10 seconds. */
  readonly pushTimeout?: Duration.Input
  /**
   * The schedule by which a request is sent again if it was not answered, or answered with 408, 429 or 5xx. A
   * `Retry-After` of up to a minute is respected. Default: after about 0.25, 0.5, 1, 2 and 4 seconds.
   */
  readonly retry?: Schedule.Schedule<unknown>
}

/**
 * A push to Prometheus' Pushgateway, or to a compatible receiver.
 *
 * @category options
 * @since 0.2.0
 */
export interface PushgatewayOptions extends PushTarget {
  readonly protocol?: "pushgateway"
  /** The base URL of the Pushgateway:  `http://localhost:9091`. */
  readonly url: string
  /** `"PUT"` replaces all metrics of the group, `"POST"` those of the same names. Default: `"PUT"`. */
  readonly method?: "PUT" | "POST"
  /** Default: `"protobuf"`, which has native histograms beside classic ones. */
  readonly format?: "text" | "protobuf"
}

/**
 * A push by remote write, which Prometheus accepts with `--web.enable-remote-write-receiver`, and Mimir, Thanos,
 * VictoriaMetrics and others do.
 *
 * @category options
 * @since 0.2.0
 */
export interface RemoteWriteOptions extends PushTarget {
  readonly protocol: "remote-write"
  /** The URL that receives samples:  `http://localhost:9090/api/v1/write`. */
  readonly url: string
  /**
   * The version of the protocol. In 2.0 a request contains each text once, and series have their type, help, unit and
   * start time. Prometheus accepts it from version 3.0 on. A receiver that does not support it answers with 415, and
   * the push fails. Default: `"1.0"`.
   */
  readonly version?: RemoteWriteVersion
  /**
   * Sends exponential histograms as native ones in place of classic buckets, to receivers that take them. Default: `false`.
   */
  readonly nativeHistograms?: boolean
}

/**
 * The options of a push.
 *
 * @category options
 * @since 0.2.0
 */
export type PushOptions = PushgatewayOptions | RemoteWriteOptions

/**
 * The options for the timing of repeated pushes.
 *
 * @category options
 * @since 0.2.0
 */
export interface PushingTimes {
  /** Default: 15 seconds. */
  readonly pushInterval?: Duration.Input
  /** How long closing waits for the last push, reading included, by the real clock. Default: 3 seconds. */
  readonly shutdownTimeout?: Duration.Input
}

/**
 * The option for the group of a Pushgateway at the end.
 *
 * @category options
 * @since 0.2.0
 */
export interface PushingGroup {
  /**
   * At the end, `"push"` pushes once more, and the group stays as it is then: for a job. `"delete"` removes the group with
   * all its metrics, which would look alive for ever: for a process that was to be scraped, but cannot be. Default:
   * `"push"`.
   */
  readonly atEnd?: "push" | "delete"
}

/**
 * The options of repeated pushes.
 *
 * @category options
 * @since 0.2.0
 */
export type PushingOptions = ((PushgatewayOptions & PushingGroup) | RemoteWriteOptions) & PushingTimes

const urlCheck: Check = (value) => (isHttpUrl(value) ? undefined : 'must be a URL such as "http://localhost:9091"')

const common = {
  protocol: oneOf("pushgateway", "remote-write"),
  url: urlCheck,
  job: notBlank,
  labels: labelsCheck("is the option job"),
  recorderLabel: scrapeOptionChecks.recorderLabel,
  selfMetrics: scrapeOptionChecks.selfMetrics,
  headers: headersCheck,
  maxSchema: integerWithin(CoarsestSchema, FinestSchema),
  requestTimeout: longerThanZero,
  pushTimeout: longerThanZero,
  retry: aSchedule
} satisfies { readonly [option: string]: Check }

const checks: { readonly [P in NonNullable<PushOptions["protocol"]>]: { readonly [option: string]: Check } } = {
  pushgateway: { ...common, method: oneOf("PUT", "POST"), format: oneOf("text", "protobuf") },
  "remote-write": { ...common, version: oneOf("1.0", "2.0"), nativeHistograms: aBoolean }
}

const group: { readonly [K in keyof Required<PushingGroup>]: Check } = { atEnd: oneOf("push", "delete") }

const times: { readonly [K in keyof Required<PushingTimes>]: Check } = {
  pushInterval: longerThanZero,
  shutdownTimeout: aDuration
}

/** What is wrong with options of a push, if anything is; `repeats`: of pushes in an interval. */
export const whyInvalidPush = (
  options: PushOptions | PushingOptions,
  repeats: boolean
): InvalidArgument | undefined => {
  const isRemote = isRecord(options) && options.protocol === "remote-write"
  const own = checks[isRemote ? "remote-write" : "pushgateway"]
  const repeated = { ...own, ...times, ...(!isRemote && group) }
  return whyInvalidOptions(options, repeats ? repeated : own, ["url"])
}
