/**
 * What a definition must share with an earlier one to continue from its state: everything that determines what is
 * measured. This is less than their fingerprints: an event added to a family, another description, or a different
 * initial state does not affect an existing state.
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

/** What states are kept by. Those of two definitions of a name are not added up. */
export interface NameAndMeasured {
  readonly name: string
  /** The hash of what it measures. */
  readonly measured: string
}

export const nameAndMeasured = (metric: Metric.Any): NameAndMeasured => ({
  name: metric.name,
  measured: measuredBy(metric).hash
})

export const measuredKey = ({ measured, name }: NameAndMeasured): string => JSON.stringify([name, measured])

/** Whether a definition can continue from the state of another one. Most often it is the same one. */
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
  // The reducers and the initial state of a derived metric follow from its sources.
  if (metric.sources === undefined) return { ...own, "tags it reduces": tags! }
  const ofSources = Object.entries(metric.sources).flatMap(([source, each]) =>
    Object.entries(partsOf(each)).map(([part, text]) => [`${source}: ${part}`, text])
  )
  return { ...own, ...Object.fromEntries(ofSources) }
}
