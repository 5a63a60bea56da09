/** A server on loopback that accepts OTLP requests and keeps their content. */
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { Effect, Queue } from "effect"
import { decodeRequest, normalized } from "./otlpDecoder.ts"

type Attributes = ReadonlyArray<{ readonly key: string; readonly value: { readonly [type: string]: unknown } }>

export interface SunkPoint {
  readonly attributes?: Attributes
  readonly startTimeUnixNano?: string
  readonly timeUnixNano?: string
  readonly asDouble?: number
  readonly [field: string]: unknown
}

export interface SunkMetric {
  readonly name: string
  readonly [data: string]: unknown
}

export interface Sunk {
  readonly contentType: string | undefined
  readonly userAgent: string | undefined
  readonly resource: { readonly attributes?: Attributes }
  readonly scope: { readonly name: string; readonly version?: string }
  readonly metrics: ReadonlyArray<SunkMetric>
}

interface Request {
  readonly resourceMetrics: ReadonlyArray<{
    readonly resource: Sunk["resource"]
    readonly scopeMetrics: ReadonlyArray<{
      readonly scope: Sunk["scope"]
      readonly metrics: Sunk["metrics"]
    }>
  }>
}

const parse = (contentType: string | undefined, body: Uint8Array): Request =>
  normalized(
    contentType === "application/json" ? JSON.parse(new TextDecoder().decode(body)) : decodeRequest(body)
  ) as Request

const sunk = (headers: IncomingHttpHeaders, sent: Buffer): Sunk => {
  const contentType = headers["content-type"]
  const { resourceMetrics } = parse(contentType, headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent)
  return {
    contentType,
    userAgent: headers["user-agent"],
    resource: resourceMetrics[0]!.resource,
    scope: resourceMetrics[0]!.scopeMetrics[0]!.scope,
    metrics: resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics = [] }) => metrics))
  }
}

/** Responds with the given statuses, one after the other, and then with 200. */
export const makeSink = (...statuses: Array<number>) =>
  Effect.gen(function* () {
    const taken = yield* Queue.unbounded<Effect.Effect<Sunk>>()
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const made = createServer(async (request, response) => {
          const chunks: Array<Buffer> = []
          for await (const chunk of request) chunks.push(chunk as Buffer)
          const status = statuses.shift() ?? 200
          if (status === 200) {
            const sent = Buffer.concat(chunks)
            // A body that cannot be decoded fails the waiter.
            Queue.offerUnsafe(
              taken,
              Effect.sync(() => sunk(request.headers, sent))
            )
          }
          response.writeHead(status).end()
        })
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.callback<void>((resume) => {
          made.closeAllConnections()
          made.close(() => resume(Effect.void))
        })
    )
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}/v1/metrics`,
      /** The next received request. */
      next: Effect.flatten(Queue.take(taken)),
      /** The number of remaining requests. */
      size: Queue.size(taken)
    }
  })

/** The points of a metric, whatever its kind of data. */
export const pointsOf = (sunk: Sunk, name: string): ReadonlyArray<SunkPoint> =>
  sunk.metrics
    .filter((metric) => metric.name === name)
    .flatMap((metric) =>
      Object.values(metric).flatMap((data) =>
        typeof data === "object" && data !== null && "dataPoints" in data
          ? (data.dataPoints as ReadonlyArray<SunkPoint>)
          : []
      )
    )

/** The values of an attribute of points with the numbers of these. */
export const numbersBy = (key: string, points: ReadonlyArray<SunkPoint>): { readonly [value: string]: number } =>
  Object.fromEntries(
    points.map(({ asDouble = 0, attributes = [] }) => [
      String(Object.values(attributes.find((each) => each.key === key)?.value ?? {})[0]),
      asDouble
    ])
  )
