/**
 * The answers of collectors: `ExportMetricsServiceResponse` of OTLP to an accepted request, and `google.rpc.Status` to
 * a refused one. Integers in JSON may be strings.
 */
import { PbfReader } from "pbf"

/** The collector's answer to an accepted request. */
export interface PartialSuccess {
  /** The number of points that it rejected for good. */
  readonly rejected: number
  /** The reason, or a warning if it rejected none. */
  readonly message: string
}

/** An answer that cannot be read does not change that the request was accepted. Some collectors send text. */
export const readPartialSuccess = (contentType: string | undefined, body: Uint8Array): PartialSuccess => {
  try {
    if (isProtobuf(contentType)) return fromProtobuf(body)
    const { partialSuccess } = JSON.parse(new TextDecoder().decode(body)) as {
      readonly partialSuccess?: { readonly rejectedDataPoints?: unknown; readonly errorMessage?: unknown } | null
    }
    return answerOf(Number(partialSuccess?.rejectedDataPoints ?? 0), partialSuccess?.errorMessage)
  } catch {
    return { rejected: 0, message: "" }
  }
}

/** What is not a number of points, or not a text, counts as absent. */
const answerOf = (rejected: number, message: unknown): PartialSuccess => ({
  rejected: Number.isInteger(rejected) && rejected > 0 ? rejected : 0,
  message: textOf(message)
})

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

/** Why a request was refused, if the answer contains the reason. */
export const readRefusal = (contentType: string | undefined, body: Uint8Array): string => {
  try {
    if (isProtobuf(contentType)) return textIn(new PbfReader(body), 2)
    const text = new TextDecoder().decode(body).trim()
    if (!text.startsWith("{")) return text
    return textOf((JSON.parse(text) as { readonly message?: unknown }).message)
  } catch {
    return ""
  }
}

const isProtobuf = (contentType = ""): boolean => /^application\/(x-)?protobuf\b/i.test(contentType)

const fromProtobuf = (body: Uint8Array): PartialSuccess => {
  const { message, rejected } = new PbfReader(body).readFields(
    (field, found, pbf) => {
      if (field === 1) pbf.readMessage(partialSuccessField, found)
    },
    { rejected: 0, message: "" }
  )
  return answerOf(rejected, message)
}

const partialSuccessField = (field: number, found: { rejected: number; message: string }, pbf: PbfReader): void => {
  if (field === 1) found.rejected = pbf.readVarint(true)
  else if (field === 2) found.message = pbf.readString()
}

const textIn = (pbf: PbfReader, field: number): string =>
  pbf.readFields(
    (each, found) => {
      if (each === field) found.text = pbf.readString()
    },
    { text: "" }
  ).text
