/**
 * Reads what is new since its last read. Each reader remembers what it has seen, so readers are independent, and the
 * fold does not know about them.
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
  /** The last read of each metric. If a metric cannot be read this time, its next delta is relative to that read. */
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
    // Each read is relative to the one before.
    this.reader = Object.freeze({ read: Semaphore.makeUnsafe(1).withPermit(read) })
  }

  /**
   * Reads what metrics have continued from, as of everything sent to the fold so far. An earlier recorder, in this
   * process or another one, has already shown it.
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
      // What it continued from was shown before. If it could not be read, the first delta starts with this read.
      const before = this.#seen.get(each.name) ?? (each.isContinued ? each : undefined)
      snapshots.push([each.name, yield* show(each, before, now)])
      yield
    }
    // Recorded only now, when nothing can keep the result from its caller.
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
    // The fold shows only the whole state, so a view that fails for a part of the state is first found out here.
    return { name, dimensions: {}, quarantine: quarantine ?? { error: `view: ${describeError(error)}`, missed: 0 } }
  }
}

/** The difference between the current and the previous state, unless the metric was reset in between. */
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
