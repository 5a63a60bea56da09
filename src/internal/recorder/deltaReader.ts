/**
 * Reads what is new since its last read. It remembers what it has seen, so that readers do not disturb each other, and
 * the fold knows of none of them.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import type { Snapshot, Snapshots } from "../metric/definition/snapshot.ts"
import { deltaViewSteps } from "../metric/instruments/deltaView.ts"
import type { ReadError } from "../model/recorderErrors.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import { describeError } from "../util/describeError.ts"
import { inSlices } from "../util/inSlices.ts"
import { known, type Steps } from "../util/steps.ts"
import type { OfMetric } from "./registrations.ts"
import type { DeltaReader } from "./service.ts"

type Reads = ReadonlyArray<OfMetric<StateRead>>

export class Deltas {
  readonly #states: Effect.Effect<Reads, ReadError>
  /** What was read last of each metric. One that could not be read this time has its difference from then. */
  readonly #seen = new Map<string, StateRead>()
  readonly #beginning = new Set<Fiber.Fiber<void>>()
  readonly reader: DeltaReader

  constructor(states: Effect.Effect<Reads, ReadError>) {
    this.#states = states
    const read = Effect.gen({ self: this }, function* () {
      yield* Fiber.awaitAll(this.#beginning)
      const now = yield* Clock.currentTimeMillis
      return yield* inSlices(this.#shown(yield* states, now))
    })
    // Each goes on from the one before.
    this.reader = Object.freeze({ read: Semaphore.makeUnsafe(1).withPermit(read) })
  }

  /**
   * Asks what metrics have gone on from, behind everything that was said to the fold until now: an earlier recorder, of
   * this process or another one, has shown it.
   */
  readonly begin: Effect.Effect<void> = Effect.suspend(() =>
    Effect.map(Effect.forkDetach(this.#begin, { startImmediately: true }), (fiber) => {
      this.#beginning.add(fiber)
      fiber.addObserver(() => this.#beginning.delete(fiber))
    })
  )

  get #begin(): Effect.Effect<void> {
    return Effect.ignore(
      Effect.map(this.#states, (reads) => {
        for (const each of reads) if (each.isContinued && !this.#seen.has(each.name)) this.#seen.set(each.name, each)
      })
    )
  }

  *#shown(all: Reads, now: number): Steps<Snapshots> {
    const snapshots: Array<readonly [name: string, snapshot: Snapshot]> = []
    for (const each of all) {
      // What it went on from was shown before. Where that could not be asked for, it begins with this read.
      const before = this.#seen.get(each.name) ?? (each.isContinued ? each : undefined)
      snapshots.push([each.name, yield* show(each, before, now)])
      yield
    }
    // Now that nothing can keep it from its reader.
    for (const each of all) this.#seen.set(each.name, each)
    return Object.fromEntries(snapshots)
  }
}

function* show(read: OfMetric<StateRead>, before: StateRead | undefined, now: number): Steps<Snapshot> {
  const { name, quarantine } = read
  try {
    const dimensions = yield* shownSince(read, before?.epoch === read.epoch ? before : undefined, now)
    return quarantine === undefined ? { name, dimensions } : { name, dimensions, quarantine }
  } catch (error) {
    // A view that cannot show a part of the state has not been tried by the fold, which shows the whole.
    return { name, dimensions: {}, quarantine: quarantine ?? { error: `view: ${describeError(error)}`, missed: 0 } }
  }
}

/** What there is without what was there before, unless it has begun anew since then. */
const shownSince = (
  { metric, state }: OfMetric<StateRead>,
  before: StateRead | undefined,
  now: number
): Steps<unknown> => {
  const { instrument, minus } = metric
  if (instrument !== undefined) return deltaViewSteps(instrument, state as never, before?.state as never, now)
  return known(
    metric.view(
      (before === undefined || minus === undefined ? state : minus(state as never, before.state as never)) as never,
      now
    )
  )
}
