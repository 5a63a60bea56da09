/** All recorders of a merged runtime as one, for scrapes that leave out the label `recorder`. */
import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshot } from "../metric/definition/snapshot.ts"
import { mergedSnapshot, shownState, withQuarantine } from "../metric/mergedSnapshot.ts"
import type { Source } from "../runtime/internals.ts"
import { inSlices } from "../util/inSlices.ts"
import type { Steps } from "../util/steps.ts"
import { none, plus } from "./accounts.ts"

type Shown = Effect.Success<Source["shown"]>

/** Keeps the earliest start times, because exporters treat a later one as a reset. */
export class AddedUpSource {
  readonly #instance: number
  readonly #createdAt = new Map<string, number>()

  constructor(instance: number) {
    this.#instance = instance
  }

  of(sources: ReadonlyArray<Source>, now: number): ReadonlyArray<Source> {
    const [first] = sources
    if (first === undefined) return []
    const stats = sources.map(({ statsUnsafe }) => statsUnsafe()).reduce(plus, none)
    const shown = Effect.flatMap(
      Effect.forEach(sources, (source) => source.shown),
      (all) => inSlices(this.#merged(all.flat(), now))
    )
    const createdAt = Math.min(...sources.map((source) => source.createdAt))
    return [{ ...first, instance: this.#instance, createdAt, statsUnsafe: () => stats, shown }]
  }

  *#merged(all: Shown, now: number): Steps<Shown> {
    const merged: Array<Shown[number]> = []
    for (const [metric, parts] of Map.groupBy(all, ({ metric }) => metric)) {
      const earliest = this.#createdAt.get(metric.name) ?? Number.POSITIVE_INFINITY
      const createdAt = parts.reduce((least, each) => Math.min(least, each.createdAt), earliest)
      this.#createdAt.set(metric.name, createdAt)
      const snapshot = yield* addedUp(
        metric,
        parts.map((each) => each.snapshot),
        now
      )
      merged.push({ metric, snapshot, epoch: 0, createdAt })
    }
    return merged
  }
}

/** What cannot be shown in one recorder is left out of the sum, which has its quarantine. */
function* addedUp(metric: Metric.Any, snapshots: ReadonlyArray<Snapshot>, now: number): Steps<Snapshot> {
  const states = snapshots.map(shownState).filter((state) => state !== undefined)
  const broken = snapshots.find(({ quarantine }) => quarantine !== undefined)
  if (states.length === 0) return broken ?? snapshots[0]!
  return withQuarantine(yield* mergedSnapshot(metric, states, now), broken?.quarantine)
}
