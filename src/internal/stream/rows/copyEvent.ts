/**
 * Copies of events by value: what is copied here is plain data that fits in the stream.
 */
import type { MetricEvent } from "../../model/event.ts"
import { DataDecoder } from "./decodeData.ts"
import { DataEncoder } from "./encodeData.ts"

/** The strings of the copies under way: a string is not copied, so its code is its place here. */
const strings: Array<string> = []
const encoder = new DataEncoder((text) => strings.push(text) - 1)
const decoder = new DataDecoder(strings)

/**
 * Takes an event by value, so that what its owner does to it later changes nothing. Throws for what is not plain data,
 * nested too deep or too large, see {@link DataEncoder.event}.
 */
export const copyEvent = (event: MetricEvent): MetricEvent => {
  const { length } = strings
  const { pos } = encoder
  try {
    encoder.event(event)
    return decoder.event(encoder.i32, pos)
  } finally {
    encoder.pos = pos
    strings.length = length
  }
}
