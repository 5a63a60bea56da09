/**
 * Records of what recorders have left, serialised in steps between which the fold continues, because there may be very
 * many of them. The bytes of each metric are copied as they are.
 */
import { deserialize, serialize } from "node:v8"
import type { Steps } from "../util/steps.ts"
import { recordOf, type SavedRecord } from "./segment.ts"

/** The number of metrics in a record, which is serialised in less than a millisecond. */
const MetricsAtOnce = 128

/** Something with metrics that are already serialised. */
interface WithMetrics {
  readonly metrics: ReadonlyArray<{ readonly bytes: Uint8Array }>
}

/** Makes records of `all`, each with some of them and with what they share. There is at least one record. */
export function* lastingRecords(
  lane: SavedRecord["lane"],
  all: Iterable<WithMetrics>,
  inCommon: object
): Steps<ReadonlyArray<SavedRecord>> {
  const records: Array<SavedRecord> = []
  let some: Array<WithMetrics> = []
  let count = 0
  for (const each of all) {
    some.push(each)
    count += each.metrics.length
    if (count < MetricsAtOnce) continue
    records.push(recordOf(lane, partsOf(some, inCommon)))
    some = []
    count = 0
    yield
  }
  records.push(recordOf(lane, partsOf(some, inCommon)))
  return records
}

const partsOf = (some: ReadonlyArray<WithMetrics>, inCommon: object): SavedRecord["parts"] => {
  const bytes: Array<Uint8Array> = []
  const all = some.map((each) => ({
    ...each,
    metrics: each.metrics.map((metric) => {
      bytes.push(metric.bytes)
      return { ...metric, bytes: undefined }
    })
  }))
  return [serialize({ ...inCommon, all }), ...bytes]
}

/** The contents of such a record. They share no memory with the segment. */
export const lastingIn = <A extends object, Each extends WithMetrics>({
  parts: [rest, ...bytes]
}: SavedRecord): A & { readonly all: ReadonlyArray<Each> } => {
  const { all, ...inCommon } = deserialize(Uint8Array.from(rest!)) as A & { readonly all: ReadonlyArray<Each> }
  let next = 0
  const whole = all.map((each) => ({
    ...each,
    metrics: each.metrics.map((metric) => ({ ...metric, bytes: Uint8Array.from(bytes[next++]!) }))
  }))
  return { ...inCommon, all: whole } as never
}
