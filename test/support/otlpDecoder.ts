/**
 * Decodes OTLP metrics requests in protobuf to their JSON form, by a table of the fields in
 * opentelemetry/proto/metrics/v1/metrics.proto, which a test compares with the output of OpenTelemetry's own encoder.
 */

type Scalar = "string" | "hex" | "bool" | "int" | "sint" | "double" | "count" | "time"
type Field = readonly [name: string, type: Scalar | MessageName, repeated?: "repeated"]
type MessageName = keyof typeof messages

const point = { 2: ["startTimeUnixNano", "time"], 3: ["timeUnixNano", "time"] } as const
const attributes = ["attributes", "KeyValue", "repeated"] as const
const temporality = ["aggregationTemporality", "int"] as const

const messages = {
  Request: { 1: ["resourceMetrics", "ResourceMetrics", "repeated"] },
  ResourceMetrics: { 1: ["resource", "Resource"], 2: ["scopeMetrics", "ScopeMetrics", "repeated"] },
  Resource: { 1: attributes, 2: ["droppedAttributesCount", "int"] },
  ScopeMetrics: { 1: ["scope", "Scope"], 2: ["metrics", "Metric", "repeated"] },
  Scope: { 1: ["name", "string"], 2: ["version", "string"] },
  KeyValue: { 1: ["key", "string"], 2: ["value", "AnyValue"] },
  AnyValue: {
    1: ["stringValue", "string"],
    2: ["boolValue", "bool"],
    3: ["intValue", "int"],
    4: ["doubleValue", "double"]
  },
  Metric: {
    1: ["name", "string"],
    2: ["description", "string"],
    3: ["unit", "string"],
    5: ["gauge", "Gauge"],
    7: ["sum", "Sum"],
    9: ["histogram", "Histogram"],
    10: ["exponentialHistogram", "ExponentialHistogram"],
    11: ["summary", "Summary"]
  },
  Gauge: { 1: ["dataPoints", "NumberDataPoint", "repeated"] },
  Sum: { 1: ["dataPoints", "NumberDataPoint", "repeated"], 2: temporality, 3: ["isMonotonic", "bool"] },
  Histogram: { 1: ["dataPoints", "HistogramDataPoint", "repeated"], 2: temporality },
  ExponentialHistogram: { 1: ["dataPoints", "ExponentialHistogramDataPoint", "repeated"], 2: temporality },
  Summary: { 1: ["dataPoints", "SummaryDataPoint", "repeated"] },
  NumberDataPoint: {
    7: attributes,
    ...point,
    4: ["asDouble", "double"],
    5: ["exemplars", "Exemplar", "repeated"],
    6: ["asInt", "count"]
  },
  HistogramDataPoint: {
    9: attributes,
    ...point,
    4: ["count", "count"],
    5: ["sum", "double"],
    6: ["bucketCounts", "count", "repeated"],
    7: ["explicitBounds", "double", "repeated"],
    8: ["exemplars", "Exemplar", "repeated"],
    11: ["min", "double"],
    12: ["max", "double"]
  },
  ExponentialHistogramDataPoint: {
    1: attributes,
    ...point,
    4: ["count", "count"],
    5: ["sum", "double"],
    6: ["scale", "sint"],
    7: ["zeroCount", "count"],
    8: ["positive", "Buckets"],
    9: ["negative", "Buckets"],
    12: ["min", "double"],
    13: ["max", "double"]
  },
  Exemplar: { 2: ["timeUnixNano", "time"], 3: ["asDouble", "double"], 4: ["spanId", "hex"], 5: ["traceId", "hex"] },
  Buckets: { 1: ["offset", "sint"], 2: ["bucketCounts", "int", "repeated"] },
  SummaryDataPoint: {
    7: attributes,
    ...point,
    4: ["count", "count"],
    5: ["sum", "double"],
    6: ["quantileValues", "ValueAtQuantile", "repeated"]
  },
  ValueAtQuantile: { 1: ["quantile", "double"], 2: ["value", "double"] }
} as const

type Message = { [field: string]: unknown }

/** Throws for a field that is not in the table. */
export const decodeRequest = (bytes: Uint8Array): Message => decode("Request", bytes)

const decode = (name: MessageName, bytes: Uint8Array): Message => {
  const fields = messages[name] as { readonly [number: number]: Field }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const message: Message = {}
  let at = 0

  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const eightBytes = <A>(read: (at: number) => A): A => {
    at += 8
    return read(at - 8)
  }
  const scalar = (type: Scalar): unknown => {
    switch (type) {
      case "bool":
        return varint() !== 0n
      case "int":
        return Number(BigInt.asIntN(64, varint()))
      case "sint": {
        const value = varint()
        return Number((value >> 1n) ^ -(value & 1n))
      }
      case "double":
        return eightBytes((from) => view.getFloat64(from, true))
      case "count":
        return eightBytes((from) => Number(view.getBigInt64(from, true)))
      case "time":
        return eightBytes((from) => String(view.getBigUint64(from, true)))
      case "string":
      case "hex":
        throw new Error("is length-delimited")
    }
  }

  while (at < bytes.length) {
    const tag = Number(varint())
    const field = fields[tag >> 3]
    if (field === undefined) throw new Error(`${name} has no field ${tag >> 3}`)
    const [key, type, repeated] = field
    const add = (value: unknown): void => {
      if (repeated === undefined) message[key] = value
      else if (message[key] === undefined) message[key] = [value]
      else (message[key] as Array<unknown>).push(value)
    }
    if ((tag & 7) !== 2) {
      add(scalar(type as Scalar))
      continue
    }
    const end = Number(varint()) + at
    const part = bytes.subarray(at, end)
    if (type === "string") add(new TextDecoder().decode(part))
    else if (type === "hex") add(Buffer.from(part).toString("hex"))
    else if (type in messages) add(decode(type as MessageName, part))
    // Packed.
    else while (at < end) add(scalar(type as Scalar))
    at = end
  }
  return message
}

/** Numbers for which 0 differs from a missing value. */
const optional = new Set(["asDouble", "sum", "min", "max", "intValue", "boolValue"])

/** Without values that protobuf cannot distinguish from missing ones; attributes in the order of their keys. */
export const normalized = (value: unknown, key = ""): unknown => {
  if (Array.isArray(value)) {
    const all = value.map((each) => normalized(each))
    return key === "attributes"
      ? (all as ReadonlyArray<{ readonly key: string }>).toSorted((a, b) => (a.key < b.key ? -1 : 1))
      : all
  }
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      const plain = normalized(each, name)
      const isEmpty =
        plain === undefined ||
        plain === null ||
        plain === "" ||
        (!optional.has(name) && (plain === 0 || plain === false)) ||
        (Array.isArray(plain) && plain.length === 0)
      return isEmpty ? [] : [[name, plain]]
    })
  )
}
