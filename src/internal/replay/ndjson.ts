/** Captured events as lines of JSON: splits text in chunks of any size into numbered lines, one per event. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Family, type MetricEvent, tagsOf } from "../model/event.ts"
import { InvalidArgument, InvalidLine } from "../model/usageErrors.ts"
import { cutText, MostOfError } from "../util/cutText.ts"
import { messageOf } from "../util/describeError.ts"
import { didYouMean } from "../util/didYouMean.ts"

/**
 * An event as it was captured.
 *
 * @category models
 * @since 0.2.0
 */
export interface Captured<out E extends MetricEvent = MetricEvent> {
  /** When it was emitted, in milliseconds since the Unix epoch. */
  readonly at: number
  readonly event: E
}

/** A line that describes the recording of the events after it. It contains no event. */
export interface RecordingHeader {
  readonly recording: {
    readonly namespace: string
    readonly at: number
    readonly reason: string
    readonly recorderId?: string
    readonly metric?: string
    readonly error?: string
    readonly sequence?: number
  }
}

/** Whether a line, parsed as JSON, is such a header. */
export const isRecordingHeader = (json: unknown): json is RecordingHeader =>
  Predicate.hasProperty(json, "recording") && Predicate.isObject(json.recording) && !("event" in json)

/** A line of a text: its number, from 1, and its parts. */
interface Line {
  readonly number: number
  readonly parts: ReadonlyArray<string | Uint8Array>
}

/** Splits a text into lines. A chunk may end anywhere, even within a character. */
export class LineCutter {
  #number = 0
  #parts: Array<string | Uint8Array> = []

  /** The lines that are complete after these chunks. */
  push(chunks: ReadonlyArray<string | Uint8Array>): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    for (const chunk of chunks) {
      let from = 0
      for (let to = lineEnd(chunk, from); to >= 0; to = lineEnd(chunk, from)) {
        this.#parts.push(part(chunk, from, to))
        lines.push(this.#cut())
        from = to + 1
      }
      if (from < chunk.length) this.#parts.push(part(chunk, from, chunk.length))
    }
    return lines
  }

  /** The last line, if the text does not end with a line feed. */
  end(): ReadonlyArray<Line> {
    return this.#parts.length === 0 ? [] : [this.#cut()]
  }

  #cut(): Line {
    const parts = this.#parts
    this.#parts = []
    return { number: ++this.#number, parts }
  }
}

const LineFeed = 10

const lineEnd = (chunk: string | Uint8Array, from: number): number =>
  typeof chunk === "string" ? chunk.indexOf("\n", from) : chunk.indexOf(LineFeed, from)

/** A copy, because the owner of the bytes may reuse their memory for the next ones. */
const part = (chunk: string | Uint8Array, from: number, to: number): string | Uint8Array =>
  typeof chunk === "string" ? chunk.slice(from, to) : Uint8Array.from(chunk.subarray(from, to))

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** The text of a line. Throws if it is not UTF-8. */
const textOf = ({ number, parts }: Line): string => {
  if (parts.every((part) => typeof part === "string")) {
    const text = parts.join("")
    return number === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text
  }
  const bytes = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part))
  return decoder.decode(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes))
}

type Codec<F extends Family> = Schema.Codec<Captured<F["Type"]>, Schema.Json>

const codecOf = <F extends Family>(family: F): Codec<F> =>
  Schema.toCodecJson(Schema.Struct({ at: Schema.Finite, event: family })) as unknown as Codec<F>

/**
 * Why a value is not an event of the family, in one line. For an event with an unknown tag, the schema would print the
 * whole family.
 */
const whyNotOf = (family: Family, captured: unknown, error: Schema.SchemaError): string => {
  const event = Predicate.hasProperty(captured, "event") ? captured.event : undefined
  const tag = Predicate.hasProperty(event, "_tag") ? event._tag : undefined
  const isKnown = event === undefined || (typeof tag === "string" && Object.hasOwn(family.cases, tag))
  const tags = tagsOf(family)
  const why = isKnown
    ? error.message.replace(/\s*\n\s*/g, " ")
    : typeof tag === "string"
      ? `got ${cutText(JSON.stringify(tag), MostOfTag)} at ["event"]["_tag"].${didYouMean(tag, tags)} Its events are: ${tags.join(", ")}`
      : 'must be an object with a string _tag at ["event"]'
  return cutText(`is not an event of the family: ${why}`, MostOfError)
}

const MostOfTag = 100

/**
 * Reads a line. Returns its event, what is wrong with it, or `undefined` for an empty line, for a header, and for an
 * event of another recorder than the requested one.
 */
export const lineReader = <F extends Family>(
  family: F,
  recorderId?: string
): ((line: Line) => Result.Result<Captured<F["Type"]>, InvalidLine> | undefined) => {
  const decode = Schema.decodeUnknownResult(codecOf(family))
  return (line) => {
    const invalid = (reason: string) => Result.fail(new InvalidLine({ line: line.number, reason }))
    let text: string
    try {
      text = textOf(line)
    } catch {
      return invalid("is not UTF-8")
    }
    if (text.trim() === "") return undefined
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      return invalid(`is not JSON: ${messageOf(cause)}`)
    }
    if (isRecordingHeader(json)) return undefined
    // It may be of another family.
    if (recorderId !== undefined && Predicate.hasProperty(json, "event") && recorderOf(json) !== recorderId)
      return undefined
    const read = decode(json)
    return Result.isSuccess(read) ? Result.succeed(read.success) : invalid(whyNotOf(family, json, read.failure))
  }
}

const recorderOf = (json: unknown): unknown => (Predicate.hasProperty(json, "recorderId") ? json.recorderId : undefined)

export const lineWriter = <F extends Family>(
  family: F
): ((captured: Captured<F["Type"]>) => Result.Result<string, InvalidArgument>) => {
  const encode = Schema.encodeUnknownResult(codecOf(family))
  return (captured) =>
    Result.mapBoth(encode(captured), {
      onSuccess: (json) => `${JSON.stringify(json)}\n`,
      onFailure: (error) => new InvalidArgument({ argument: "captured", reason: whyNotOf(family, captured, error) })
    })
}
