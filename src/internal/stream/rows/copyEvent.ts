/**
 * Copies of events by value: what is copied here is plain data that fits in the stream.
 */
import type { MetricEvent } from "../../model/event.ts"
import { DataDecoder } from "./decodeData.ts"
import { DataEncoder } from "./encodeData.ts"

/** The strings of the copies under way: a string is not copied, so its code is its place here. */
const strings: Array<string> = []
const encoder = new DataEncoder({ lasting: (text) => strings.push(text) - 1, areKept: false })
const decoder = new DataDecoder(strings)

/**
 * Takes an event by value, so that what its owner does to it later changes nothing. Throws for what is not plain data,
 * nested too deep or too large, see {@link DataEncoder.event}.
 */
export const copyEvent = (event: MetricEvent): MetricEvent => encoded(event, copied)

/** Throws for what {@link copyEvent} throws for. */
export const checkEvent = (event: MetricEvent): void => encoded(event, ignored)

const encoded = <A>(event: MetricEvent, then: (at: number) => A): A => {
  const { length } = strings
  const { pos } = encoder
  try {
    encoder.event(event, event._tag, null)
    return then(pos)
  } finally {
    encoder.pos = pos
    strings.length = length
  }
}

const copied = (at: number): MetricEvent => decoder.event(encoder.i32, at)
const ignored = (): void => {}
