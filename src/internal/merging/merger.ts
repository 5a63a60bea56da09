/** Adds up states of many recorders, by the definitions of the reader. */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricState, Quarantine, Snapshot, Snapshots } from "../metric/definition/snapshot.ts"
import { isState, misfits as stateMisfits } from "../metric/definition/stateShape.ts"
import { mergedSnapshot, withQuarantine } from "../metric/mergedSnapshot.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { Stats } from "../model/stats.ts"
import type { Steps } from "../util/steps.ts"
import { type Known, together, whyNotMerged, withoutLevels } from "./mergedParts.ts"
import type { Misfit } from "./misfits.ts"

/** Whether a metric is a level: its last value has no meaning after its process has ended. */
export type IsLevel = (metric: Metric.Any) => boolean

export interface MergerOptions {
  readonly metrics: ReadonlyArray<Metric.Any>
  /** Whether a metric describes the current state of its process, so that it is dropped when the process ends. */
  readonly isLevel: IsLevel
  /** Called once for each problem: states that cannot be merged, and metrics that are not in `metrics`. */
  readonly onProblem: (problem: string) => void
  /** For messages: the name of the reader, and the layer that provides its metrics. */
  readonly reader: string
  readonly layer: string
}

/**
 * The merged data of one recorder id.
 *
 * @category models
 * @since 0.2.0
 */
export interface Total {
  readonly snapshots: Snapshots
  /** The accounting of all of them. For a killed process, it is the accounting of its last report. */
  readonly stats: Stats
  /** The number of processes with such a recorder. */
  readonly processes: number
}

/**
 * The merged counts of ended recorders whose ids are no longer kept separately.
 *
 * @category models
 * @since 0.2.0
 */
export interface Others {
  readonly recorders: number
  readonly snapshots: Snapshots
  readonly stats: Stats
}

/** The states of a recorder, and those that do not fit. */
export interface KnownStates {
  readonly states: Known
  readonly misfits: ReadonlyArray<Misfit>
}

export class Merger {
  readonly #options: MergerOptions
  readonly #metrics: ReadonlyMap<string, Metric.Any>
  readonly #problems = new Set<string>()

  constructor(options: MergerOptions) {
    this.#options = options
    this.#metrics = new Map(options.metrics.map((metric) => [metric.name, metric]))
  }

  metric(name: string): Metric.Any | undefined {
    return this.#metrics.get(name)
  }

  known(states: { readonly [name: string]: unknown }): KnownStates {
    const known: Array<readonly [string, unknown]> = []
    const misfits: Array<Misfit> = []
    for (const [name, state] of Object.entries(states)) {
      const metric = this.#metrics.get(name)
      if (metric === undefined) {
        this.unknown(name)
        continue
      }
      const differences = isState(state)
        ? stateMisfits(metric, state)
        : ["its state is of another version of mvx-metrics"]
      if (differences.length === 0) known.push([name, (state as MetricState).state])
      else misfits.push(this.misfit(name, differences))
    }
    return { states: Object.fromEntries(known), misfits }
  }

  unknown(name: string): void {
    const { layer, reader } = this.#options
    this.problem(
      `a process has the metric "${name}", which is not in the metrics of ${reader}. It is left out of the report. Pass it to ${layer}`
    )
  }

  misfit(metric: string, differences: ReadonlyArray<string>): Misfit {
    const what = differences.join("; ")
    this.problem(
      `a process defines the metric "${metric}" differently from ${this.#options.reader}: ${what}. Its states are left out. Run one version in all processes`
    )
    return { metric, differences }
  }

  /** The states of an ended recorder that are retained. */
  remains(states: Known): Known {
    const { isLevel } = this.#options
    return this.#changed(states, (metric, state) =>
      isLevel(metric) ? undefined : { state: withoutLevels(metric, state, isLevel) }
    )
  }

  rewound(states: Known, now: number): Known {
    return this.#changed(states, (metric, state) => ({ state: rewindState(metric, state, now) }))
  }

  /** A state that does not fit its metric is left out. */
  #changed(
    states: Known,
    change: (metric: Metric.Any, state: unknown) => { readonly state: unknown } | undefined
  ): Known {
    const changed = this.#options.metrics.flatMap((metric): ReadonlyArray<readonly [string, unknown]> => {
      const { name } = metric
      if (!Object.hasOwn(states, name)) return []
      try {
        const one = change(metric, states[name])
        return one === undefined ? [] : [[name, one.state]]
      } catch (error) {
        this.problem(whyNotMerged(metric, error))
        return []
      }
    })
    return Object.fromEntries(changed)
  }

  /** States that cannot be merged come from different definitions. The first ones are kept then. */
  merge(parts: ReadonlyArray<Known>, now: number): Known {
    const merged: Array<readonly [string, unknown]> = []
    for (const metric of this.#options.metrics) {
      const own = parts.filter((states) => Object.hasOwn(states, metric.name))
      if (own.length === 0) continue
      try {
        merged.push([metric.name, together(metric, own, now)])
      } catch (error) {
        this.problem(whyNotMerged(metric, error))
        merged.push([metric.name, own[0]![metric.name]])
      }
    }
    return Object.fromEntries(merged)
  }

  /** Shows the merged states. `quarantineOf`: why a metric is quarantined in one of them. */
  *show(
    parts: ReadonlyArray<Known>,
    now: number,
    quarantineOf: (metric: string) => Quarantine | undefined = () => undefined
  ): Steps<Snapshots> {
    const shown: Array<readonly [string, Snapshot]> = []
    for (const metric of this.#options.metrics) {
      const { name } = metric
      const own = parts.filter((states) => Object.hasOwn(states, name))
      if (own.length === 0) continue
      try {
        const states = own.map((known) => known[name])
        shown.push([name, withQuarantine(yield* mergedSnapshot(metric, states, now), quarantineOf(name))])
      } catch (error) {
        this.problem(whyNotMerged(metric, error))
        const quarantine = quarantineOf(name) ?? { error: whyNotMerged(metric, error), missed: 0 }
        shown.push([name, { name, dimensions: {}, quarantine }])
      }
    }
    return Object.fromEntries(shown)
  }

  problem(problem: string): void {
    if (this.#problems.has(problem) || this.#problems.size >= MostProblems) return
    this.#problems.add(problem)
    this.#options.onProblem(problem)
  }
}

/** The number of possible metric names is unlimited. */
const MostProblems = 1000
