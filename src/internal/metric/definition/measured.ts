/**
 * What a definition must have in common with an earlier one to go on from its state: all that decides what is measured.
 * Less than their fingerprints: an event that is added to a family, another description, and an initial state that is
 * computed anew change nothing in a state that is there.
 */
import { oncePer } from "../../util/oncePer.ts"
import { describe, type Fingerprint, fingerprint, hash, isSame } from "./fingerprint.ts"
import type * as Metric from "./metric.ts"
import { shapeOf } from "./stateShape.ts"

interface Measured {
  readonly parts: Fingerprint
  /** Of the parts. */
  readonly hash: string
}

export const measuredBy = oncePer((metric: Metric.Any): Measured => {
  const parts = partsOf(metric)
  return { parts, hash: hash(describe(parts)) }
})

/** Whether a definition can go on from the state of another one. Most often that is the same. */
export const goesOnFrom = (metric: Metric.Any, other: Metric.Any): boolean =>
  isSame(metric, other) || measuredBy(metric).hash === measuredBy(other).hash

const partsOf = (metric: Metric.Any): Fingerprint => {
  const {
    description,
    events,
    fromZero,
    "initial state": initial,
    sources,
    "tags it reduces": tags,
    ...rest
  } = fingerprint(metric)
  const own = { ...shapeOf(metric), ...rest }
  // What a derived metric reduces and begins with follows from its sources.
  if (metric.sources === undefined) return { ...own, "tags it reduces": tags! }
  const ofSources = Object.entries(metric.sources).flatMap(([source, each]) =>
    Object.entries(partsOf(each)).map(([part, text]) => [`${source}: ${part}`, text])
  )
  return { ...own, ...Object.fromEntries(ofSources) }
}
