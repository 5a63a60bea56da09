/**
 * Reads what is new since its last read. It remembers what it has seen, so that readers do not disturb each other, and
 * the fold knows of none of them.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import type { ReadError } from "../model/errors.ts"
import type { StateRead } from "../stream/protocol.ts"
import { describeError } from "../util/describeError.ts"
import type { OfMetric } from "./registrations.ts"
import type { DeltaReader } from "./service.ts"

export const deltaReaderOf = (states: Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError>): DeltaReader => {
  /** What was read last of each metric. One that could not be read this time has its difference from then. */
  const seen = new Map<string, StateRead>()
  const read = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    return Object.fromEntries(
      (yield* states).map((each) => {
        const snapshot = show(each, seen.get(each.name), now)
        seen.set(each.name, each)
        return [each.name, snapshot]
      })
    )
  })
  return Object.freeze({ read })
}

const show = (read: OfMetric<StateRead>, before: StateRead | undefined, now: number): Snapshot => {
  const { metric, name, quarantine } = read
  try {
    const dimensions = metric.view(since(metric.minus, read, before), now)
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine }
  } catch (error) {
    // A view that cannot show a part of the state has not been tried by the fold, which shows the whole.
    return { name, dimensions: {}, quarantine: quarantine ?? { error: `view: ${describeError(error)}`, missed: 0 } }
  }
}

/** A state without what was there before, unless it has begun anew since then. */
const since = (
  minus: ((later: never, earlier: never) => unknown) | undefined,
  { epoch, state }: StateRead,
  before: StateRead | undefined
): never =>
  (minus === undefined || before === undefined || before.epoch !== epoch
    ? state
    : minus(state as never, before.state as never)) as never
