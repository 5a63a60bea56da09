/**
 * The text of a recording: a header line, then a line per event, in the format that {@link ../replay/ndjson.ts} reads.
 */
import * as Result from "effect/Result"
import type { Family } from "../model/event.ts"
import { type Captured, lineWriter, type RecordingHeader } from "../replay/ndjson.ts"
import type { FlightRecording, RecordedEvent } from "./recording.ts"

/** The number of events encoded at once, which takes about a millisecond. */
const EventsAtOnce = 200

/** In parts. `familyOf`: the family of a recorder's events, according to its metrics. */
export function* linesOf(
  { at, events, incident, namespace }: Omit<FlightRecording, "toNdjson">,
  familyOf: (recorderId: string) => Family | undefined
): Generator<string, void> {
  const header: RecordingHeader = { recording: { namespace, at, ...incident } }
  const writers = new Map<string, (captured: Captured) => string>()
  const writerOf = (recorderId: string) => {
    let write = writers.get(recorderId)
    if (write === undefined) {
      write = textOf(familyOf(recorderId))
      writers.set(recorderId, write)
    }
    return write
  }
  const lineOf = ({ at, event, recorderId, sequence }: RecordedEvent): string => {
    const more = JSON.stringify({ recorderId, sequence })
    return `${writerOf(recorderId)({ at, event }).slice(0, -1)},${more.slice(1)}\n`
  }
  yield `${JSON.stringify(header)}\n`
  for (let i = 0; i < events.length; i += EventsAtOnce) {
    yield events
      .slice(i, i + EventsAtOnce)
      .map(lineOf)
      .join("")
  }
}

const textOf = (family: Family | undefined): ((captured: Captured) => string) => {
  const write = family && lineWriter(family)
  return (captured) => {
    const line = write?.(captured)
    if (line !== undefined && Result.isSuccess(line)) return line.success.trimEnd()
    // An event that does not fit its family may be the very one that matters. The reader of the file is told what is
    // wrong with it.
    return JSON.stringify(captured, (_, value) => (typeof value === "bigint" ? `${value}n` : (value as unknown)))
  }
}
