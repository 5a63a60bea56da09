/** Copies events by value. Everything copied here is plain data that fits in the stream. */
import type { MetricEvent } from "../../model/event.ts"
import { DataDecoder } from "./decodeData.ts"
import { DataEncoder } from "./encodeData.ts"
import { NameLists, type Names } from "./nameLists.ts"
import { StringCodes } from "./stringCodes.ts"

/** The strings of the copies in progress. A string is not copied, so its code is its index here. */
const strings: Array<string> = []
/** Lists of names are kept, because there are few. */
const lists: Array<ReadonlyArray<string>> = [[]]
const write = (code: number, names: Names, name: string): boolean => {
  lists[code] = [...lists[names.code]!, name]
  return true
}
const encoder = new DataEncoder(new StringCodes(() => false, strings), new NameLists(write))
const decoder = new DataDecoder(strings, lists)

const rethrow = (cause: unknown): never => {
  throw cause
}

/**
 * Takes an event by value, so that later changes by its owner have no effect. `otherwise` receives the error if the
 * event cannot be read, is not plain data, or is nested too deep or too large, see {@link DataEncoder.event}.
 */
export const copyEvent = <A = never>(event: MetricEvent, otherwise: (cause: unknown) => A = rethrow): MetricEvent | A =>
  encoded(event, copied, otherwise)

/** Calls `otherwise` when {@link copyEvent} does. */
export const checkEvent = <A>(event: MetricEvent, otherwise: (cause: unknown) => A): A | undefined =>
  encoded(event, ignored, otherwise)

const encoded = <A, B>(event: MetricEvent, then: (at: number) => A, otherwise: (cause: unknown) => B): A | B => {
  const { length } = strings
  const { pos } = encoder
  try {
    try {
      encoder.event(event, event._tag, null)
    } catch (cause) {
      return otherwise(cause)
    }
    // No code of the event's owner runs from here on, so a failure is a defect.
    return then(pos)
  } finally {
    encoder.pos = pos
    strings.length = length
  }
}

const copied = (at: number): MetricEvent => decoder.event(encoder.i32, at)
const ignored = (): undefined => undefined
