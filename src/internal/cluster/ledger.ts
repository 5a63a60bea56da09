/**
 * The recorders of all processes, as the primary knows them: the last states of running recorders, and retained totals
 * of ended ones, one for each id. Reports are applied in the order in which they arrive.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricState, Snapshot, Snapshots } from "../metric/definition/snapshot.ts"
import { isState, misfits as stateMisfits } from "../metric/definition/stateShape.ts"
import { snapshot } from "../metric/make.ts"
import { rewindState } from "../metric/rewindState.ts"
import type { Stats } from "../model/stats.ts"
import { Accounts, none } from "./accounts.ts"
import { type Known, together, whyNotMerged, withoutLevels } from "./mergedParts.ts"
import type { Part } from "./messages.ts"
import { keyOf, type LeftOut, type Misfit } from "./misfits.ts"

/** The states of one recorder of one process. */
interface Live {
  readonly recorderId: string
  readonly states: Known
  /** The states that do not fit. */
  readonly misfits: ReadonlyArray<Misfit>
  /** When they came, in milliseconds since the Unix epoch. */
  readonly at: number
}

export interface LedgerOptions {
  readonly metrics: ReadonlyArray<Metric.Any>
  /** Whether a metric describes the current state of its process, so that it is dropped when the process ends. */
  readonly isLevel: (metric: Metric.Any) => boolean
  /** The maximum number of retained totals of ids that no process has any more. */
  readonly maxEnded: number
  /** Called once for each problem: states that cannot be merged, and metrics that are not in `metrics`. */
  readonly onProblem: (problem: string) => void
}

/** Everything that is known of one recorder id. */
export interface Total {
  readonly snapshots: Snapshots
  /** The accounting of all of them. Of a killed process, it is that of its last report. */
  readonly stats: Stats
  /** How many processes have such a recorder. */
  readonly processes: number
}

/** What has ended and is not kept by its id any more. */
export interface Others {
  readonly recorders: number
  readonly snapshots: Snapshots
  readonly stats: Stats
}

type LastPart = Omit<Part, "states"> & { readonly states?: Part["states"] }

export class Ledger {
  readonly #options: LedgerOptions
  readonly #metrics: ReadonlyMap<string, Metric.Any>
  readonly #processes = new Map<number, Map<number, Live>>()
  /** How many recorders have an id. */
  readonly #count = new Map<string, number>()
  /** The retained totals of ended recorders. */
  readonly #left = new Map<string, Known>()
  /** How many recorders have ended with a misfit. */
  readonly #misfitsLeft = new Map<string, { readonly misfit: Misfit; ended: number }>()
  /** The ids of retained totals that no recorder has any more, oldest first. */
  readonly #gone = new Set<string>()
  #others: { readonly recorders: number; readonly states: Known } = { recorders: 0, states: {} }
  readonly #accounts = new Accounts()
  readonly #problems = new Set<string>()
  /** When it was last told or asked. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#metrics = new Map(options.metrics.map((metric) => [metric.name, metric]))
  }

  /** A recorder of a process has these states now. */
  take(process: number, { instance, recorderId, states, stats }: Part, at: number): void {
    this.#accounts.take(`${process}/${instance}`, recorderId, stats)
    const recorders = this.#processes.get(process) ?? new Map<number, Live>()
    this.#processes.set(process, recorders)
    const before = recorders.get(instance)?.recorderId
    if (before !== recorderId) {
      if (before !== undefined) this.#countDown(before)
      this.#count.set(recorderId, (this.#count.get(recorderId) ?? 0) + 1)
      this.#gone.delete(recorderId)
    }
    recorders.set(instance, { recorderId, ...this.#known(states), at })
  }

  /** A recorder has ended; without states, in those that were known. */
  end(process: number, { instance, recorderId, states, stats }: LastPart, now: number): void {
    this.#accounts.end(`${process}/${instance}`, recorderId, stats)
    const recorders = this.#processes.get(process)
    const known = recorders?.get(instance)
    const last = states === undefined ? known : this.#known(states)
    if (known !== undefined) {
      recorders!.delete(instance)
      // By the id that it was counted with, whatever the process says now.
      this.#countDown(known.recorderId)
    }
    if (last === undefined) return
    for (const misfit of last.misfits) {
      const left = this.#misfitsLeft.get(keyOf(misfit)) ?? { misfit, ended: 0 }
      left.ended++
      this.#misfitsLeft.set(keyOf(misfit), left)
    }
    this.#leave(recorderId, last.states, now)
  }

  #countDown(recorderId: string): void {
    const rest = this.#count.get(recorderId)! - 1
    if (rest > 0) this.#count.set(recorderId, rest)
    else this.#count.delete(recorderId)
  }

  /** A process has ended, and all its recorders with it. */
  endProcess(process: number, now: number): void {
    const recorders = [...(this.#processes.get(process) ?? [])]
    for (const [instance, { recorderId }] of recorders) this.end(process, { instance, recorderId }, now)
    this.#processes.delete(process)
  }

  /** When the oldest states of a process came; `undefined`: it has none. */
  oldest(process: number): number | undefined {
    const times = Array.from(this.#processes.get(process)?.values() ?? [], ({ at }) => at)
    return times.length === 0 ? undefined : times.reduce((left, right) => Math.min(left, right))
  }

  /** What is known by recorder id, as of `now`. */
  totals(now: number): { readonly [recorderId: string]: Total } {
    this.#rewind(now)
    const parts = new Map<string, { readonly states: Array<Known>; readonly processes: Set<number> }>()
    const of = (recorderId: string) => {
      const found = parts.get(recorderId) ?? { states: [], processes: new Set() }
      parts.set(recorderId, found)
      return found
    }
    for (const [recorderId, states] of this.#left) of(recorderId).states.push(states)
    for (const [process, recorders] of this.#processes) {
      for (const { recorderId, states } of recorders.values()) {
        of(recorderId).states.push(states)
        of(recorderId).processes.add(process)
      }
    }
    const accounts = this.#accounts.all
    return Object.fromEntries(
      Array.from(parts, ([recorderId, { processes, states }]) => [
        recorderId,
        { snapshots: this.#show(states, now), stats: accounts.get(recorderId) ?? none, processes: processes.size }
      ])
    )
  }

  /** The merged totals of ended recorders whose ids are no longer kept. */
  others(now: number): Others {
    this.#rewind(now)
    const { recorders, states } = this.#others
    return { recorders, snapshots: this.#show([states], now), stats: this.#accounts.others }
  }

  /** The states that are in no total. */
  get leftOut(): ReadonlyArray<LeftOut> {
    const all = new Map<string, { readonly misfit: Misfit; readonly processes: Set<number>; readonly ended: number }>()
    for (const [key, left] of this.#misfitsLeft) all.set(key, { ...left, processes: new Set() })
    for (const [process, recorders] of this.#processes) {
      for (const misfit of Array.from(recorders.values()).flatMap(({ misfits }) => misfits)) {
        const found = all.get(keyOf(misfit)) ?? { misfit, processes: new Set(), ended: 0 }
        all.set(keyOf(misfit), found)
        found.processes.add(process)
      }
    }
    return Array.from(all.values(), ({ ended, misfit, processes }) => ({ ...misfit, processes: [...processes], ended }))
  }

  // --- ended recorders

  #leave(recorderId: string, states: Known, now: number): void {
    this.#rewind(now)
    const before = this.#left.get(recorderId)
    const remains = this.#rewound(this.#remains(states), now)
    this.#left.set(recorderId, this.#merge([...(before === undefined ? [] : [before]), remains], now))
    if (this.#count.has(recorderId)) return
    this.#gone.add(recorderId)
    if (this.#gone.size > this.#options.maxEnded) this.#forget(this.#gone.values().next().value!, now)
  }

  #forget(recorderId: string, now: number): void {
    const states = this.#merge([this.#others.states, this.#left.get(recorderId)!], now)
    this.#others = { recorders: this.#others.recorders + 1, states }
    this.#left.delete(recorderId)
    this.#accounts.forget(recorderId)
    this.#gone.delete(recorderId)
  }

  /** No process reports retained states again, so they are rewound here if the clock was set back. */
  #rewind(now: number): void {
    if (now < this.#latest) {
      for (const [recorderId, states] of this.#left) this.#left.set(recorderId, this.#rewound(states, now))
      this.#others = { ...this.#others, states: this.#rewound(this.#others.states, now) }
    }
    this.#latest = now
  }

  #rewound(states: Known, now: number): Known {
    const own = this.#options.metrics.filter(({ name }) => Object.hasOwn(states, name))
    return Object.fromEntries(own.map((metric) => [metric.name, rewindState(metric, states[metric.name], now)]))
  }

  /** The states of an ended recorder that are retained. */
  #remains(states: Known): Known {
    const { isLevel, metrics } = this.#options
    const remaining = metrics.filter((metric) => Object.hasOwn(states, metric.name) && !isLevel(metric))
    return Object.fromEntries(
      remaining.map((metric) => [metric.name, withoutLevels(metric, states[metric.name], isLevel)])
    )
  }

  // --- merging

  #known(states: Part["states"]): Pick<Live, "states" | "misfits"> {
    const known: Array<readonly [string, unknown]> = []
    const misfits: Array<Misfit> = []
    for (const [name, state] of Object.entries(states)) {
      const metric = this.#metrics.get(name)
      if (metric === undefined) {
        this.#problem(
          `a process has the metric "${name}", which is not in the metrics of the primary. It is left out of the report. Pass it to MetricsCluster.layer`
        )
        continue
      }
      const differences = isState(state)
        ? stateMisfits(metric, state)
        : ["its state is of another version of mvx-metrics"]
      if (differences.length === 0) {
        known.push([name, (state as MetricState).state])
        continue
      }
      misfits.push({ metric: name, differences })
      const what = differences.join("; ")
      this.#problem(
        `a process defines the metric "${name}" differently from the primary: ${what}. Its states are left out. Run one version in all processes`
      )
    }
    return { states: Object.fromEntries(known), misfits }
  }

  /** States that cannot be merged come from different definitions. The first ones are kept then. */
  #merge(parts: ReadonlyArray<Known>, now: number): Known {
    const merged: Array<readonly [string, unknown]> = []
    for (const metric of this.#options.metrics) {
      const own = parts.filter((states) => Object.hasOwn(states, metric.name))
      if (own.length === 0) continue
      try {
        merged.push([metric.name, together(metric, own, now)])
      } catch (error) {
        this.#problem(whyNotMerged(metric, error))
        merged.push([metric.name, own[0]![metric.name]])
      }
    }
    return Object.fromEntries(merged)
  }

  #show(parts: ReadonlyArray<Known>, now: number): Snapshots {
    const shown: Array<readonly [string, Snapshot]> = []
    for (const metric of this.#options.metrics) {
      const { name } = metric
      const own = parts.filter((states) => Object.hasOwn(states, name))
      if (own.length === 0) continue
      try {
        shown.push([name, snapshot(metric, together(metric, own, now), now)])
      } catch (error) {
        this.#problem(whyNotMerged(metric, error))
        shown.push([name, { name, dimensions: {}, quarantine: { error: whyNotMerged(metric, error), missed: 0 } }])
      }
    }
    return Object.fromEntries(shown)
  }

  #problem(problem: string): void {
    if (this.#problems.has(problem)) return
    this.#problems.add(problem)
    this.#options.onProblem(problem)
  }
}
