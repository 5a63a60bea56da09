/**
 * The recorders of all processes, as the primary knows them: the last states of running recorders, and retained totals
 * of ended ones, one for each id. Reports are applied in the order in which they arrive.
 */
import { packStats } from "../formats/packedStats.ts"
import { Accounts, none } from "../merging/accounts.ts"
import type { Known } from "../merging/mergedParts.ts"
import { type KnownStates, Merger, type MergerOptions, type Others, type Total } from "../merging/merger.ts"
import { keyOf, type LeftOut, type Misfit } from "../merging/misfits.ts"
import { endedKey, liveKey, othersKey } from "../store/entries.ts"
import type { Steps } from "../util/steps.ts"
import type { Part } from "./messages.ts"

/** The states of one recorder of one process. */
interface Live extends KnownStates {
  readonly recorderId: string
  /** What its metrics had counted before they were reset or replaced. */
  readonly earlier: ReadonlyArray<Known>
  /** When they arrived, in milliseconds since the Unix epoch. */
  readonly at: number
}

export interface LedgerOptions extends Pick<MergerOptions, "metrics" | "isLevel" | "onProblem"> {
  /** The maximum number of retained totals of ids that no process has any more. */
  readonly maxEnded: number
}

/** What is known of a recorder id, for an entry of a store. */
export interface LedgerPart {
  readonly key: string
  readonly recorderId: string
  readonly states: Known
  /** A row of `packStats`. */
  readonly stats: Float64Array
}

export interface LedgerParts {
  /** Created one by one, as of the moment of the request. */
  readonly parts: Iterable<LedgerPart>
  /** The number of recorder ids that are not kept any more. */
  readonly others: number
}

type LastPart = Omit<Part, "states"> & { readonly states?: Part["states"] }

const isAny = (states: Known): boolean => Object.keys(states).length > 0

export class Ledger {
  readonly #maxEnded: number
  readonly #merger: Merger
  readonly #processes = new Map<number, Map<number, Live>>()
  /** The number of recorders with an id. */
  readonly #count = new Map<string, number>()
  /** The retained totals of ended recorders. */
  readonly #left = new Map<string, Known>()
  /** The number of ended recorders with a misfit. */
  readonly #misfitsLeft = new Map<string, { readonly misfit: Misfit; ended: number }>()
  /** The ids of retained totals that no recorder has any more, oldest first. */
  readonly #gone = new Set<string>()
  #others: { readonly recorders: number; readonly states: Known } = { recorders: 0, states: {} }
  readonly #accounts = new Accounts()
  /** The time of the last report or request. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(options: LedgerOptions) {
    this.#maxEnded = options.maxEnded
    this.#merger = new Merger({ ...options, reader: "the primary", layer: "MetricsCluster.layer" })
  }

  /** Records the current states of a recorder of a process. */
  take(process: number, { earlier, instance, recorderId, states, stats }: Part, at: number): void {
    this.#accounts.take(`${process}/${instance}`, recorderId, stats)
    const recorders = this.#processes.get(process) ?? new Map<number, Live>()
    this.#processes.set(process, recorders)
    const before = recorders.get(instance)?.recorderId
    if (before !== recorderId) {
      if (before !== undefined) this.#countDown(before)
      this.#count.set(recorderId, (this.#count.get(recorderId) ?? 0) + 1)
      this.#gone.delete(recorderId)
    }
    recorders.set(instance, { recorderId, ...this.#known(states, earlier), at })
  }

  #known(states: Part["states"], earlier: Part["earlier"] = []): Omit<Live, "recorderId" | "at"> {
    const [now, ...before] = [states, ...earlier].map((each) => this.#merger.known(each))
    const misfits = new Map([now!, ...before].flatMap(({ misfits }) => misfits).map((each) => [keyOf(each), each]))
    return {
      states: now!.states,
      misfits: [...misfits.values()],
      earlier: before.map(({ states }) => states).filter(isAny)
    }
  }

  /** Records that a recorder has ended. Without states, those known before are its last. */
  end(process: number, { earlier, instance, recorderId, states, stats }: LastPart, now: number): void {
    this.#accounts.end(`${process}/${instance}`, recorderId, stats)
    const recorders = this.#processes.get(process)
    const known = recorders?.get(instance)
    const last = states === undefined ? known : this.#known(states, earlier)
    if (known !== undefined) {
      recorders!.delete(instance)
      // Uses the id under which it was counted, whatever the process reports now.
      this.#countDown(known.recorderId)
    }
    if (last === undefined) return
    for (const misfit of last.misfits) {
      const left = this.#misfitsLeft.get(keyOf(misfit)) ?? { misfit, ended: 0 }
      left.ended++
      this.#misfitsLeft.set(keyOf(misfit), left)
    }
    this.#leave(recorderId, [last.states, ...last.earlier], now)
  }

  #countDown(recorderId: string): void {
    const rest = this.#count.get(recorderId)! - 1
    if (rest > 0) this.#count.set(recorderId, rest)
    else this.#count.delete(recorderId)
  }

  /** Records that a process has ended, with all its recorders. */
  endProcess(process: number, now: number): void {
    const recorders = [...(this.#processes.get(process) ?? [])]
    for (const [instance, { recorderId }] of recorders) this.end(process, { instance, recorderId }, now)
    this.#processes.delete(process)
  }

  /** When the oldest states of a process arrived; `undefined`: it has none. */
  oldest(process: number): number | undefined {
    const times = Array.from(this.#processes.get(process)?.values() ?? [], ({ at }) => at)
    return times.length === 0 ? undefined : times.reduce((left, right) => Math.min(left, right))
  }

  /** The merged states of running recorders, and of ended ones. */
  parts(now: number): LedgerParts {
    this.#rewind(now)
    const live = new Map<string, Array<Known>>()
    const ended = new Map(Array.from(this.#left, ([id, left]) => [id, [left]]))
    for (const recorders of this.#processes.values()) {
      for (const { earlier, recorderId, states } of recorders.values()) {
        live.set(recorderId, [...(live.get(recorderId) ?? []), states])
        if (earlier.length > 0) ended.set(recorderId, [...(ended.get(recorderId) ?? []), ...earlier])
      }
    }
    const { left: endedStats, live: liveStats, others: othersStats } = this.#accounts
    const { recorders: others, states: othersStates } = this.#others
    const merger = this.#merger
    const part = (key: string, recorderId: string, states: Known, stats = none): LedgerPart => ({
      ...{ key, recorderId, states },
      stats: packStats([stats])
    })
    function* parts(): Iterable<LedgerPart> {
      for (const [id, all] of live) yield part(liveKey(id), id, merger.merge(all, now), liveStats.get(id))
      for (const [id, all] of ended) yield part(endedKey(id), id, merger.merge(all, now), endedStats.get(id))
      yield part(othersKey, "", othersStates, othersStats)
    }
    return { others, parts: parts() }
  }

  /** The number of events that the processes have accepted, by their last reports. */
  get accepted(): number {
    const { all, others } = this.#accounts
    return [...all.values()].reduce((sum, { accepted }) => sum + accepted, others.accepted)
  }

  /** The totals by recorder id, as of `now`. The steps use what is known in this call. */
  totals(now: number): Steps<{ readonly [recorderId: string]: Total }> {
    this.#rewind(now)
    const parts = new Map<string, { readonly states: Array<Known>; readonly processes: Set<number> }>()
    const of = (recorderId: string) => {
      const found = parts.get(recorderId) ?? { states: [], processes: new Set() }
      parts.set(recorderId, found)
      return found
    }
    for (const [recorderId, states] of this.#left) of(recorderId).states.push(states)
    for (const [process, recorders] of this.#processes) {
      for (const { earlier, recorderId, states } of recorders.values()) {
        of(recorderId).states.push(...earlier, states)
        of(recorderId).processes.add(process)
      }
    }
    const accounts = this.#accounts.all
    const merger = this.#merger
    return (function* () {
      const totals: Array<readonly [recorderId: string, total: Total]> = []
      for (const [recorderId, { processes, states }] of parts) {
        const snapshots = yield* merger.show(states, now)
        totals.push([recorderId, { snapshots, stats: accounts.get(recorderId) ?? none, processes: processes.size }])
        yield
      }
      return Object.fromEntries(totals)
    })()
  }

  /** The merged totals of ended recorders whose ids are no longer kept, in the same way. */
  others(now: number): Steps<Others> {
    this.#rewind(now)
    const { recorders, states } = this.#others
    const { others: stats } = this.#accounts
    const shown = this.#merger.show([states], now)
    return (function* () {
      return { recorders, snapshots: yield* shown, stats }
    })()
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

  #leave(recorderId: string, states: ReadonlyArray<Known>, now: number): void {
    this.#rewind(now)
    const before = this.#left.get(recorderId)
    const remains = states.map((each) => this.#merger.rewound(this.#merger.remains(each), now))
    this.#left.set(recorderId, this.#merger.merge([...(before === undefined ? [] : [before]), ...remains], now))
    if (this.#count.has(recorderId)) return
    this.#gone.add(recorderId)
    if (this.#gone.size > this.#maxEnded) this.#forget(this.#gone.values().next().value!, now)
  }

  #forget(recorderId: string, now: number): void {
    const states = this.#merger.merge([this.#others.states, this.#left.get(recorderId)!], now)
    this.#others = { recorders: this.#others.recorders + 1, states }
    this.#left.delete(recorderId)
    this.#accounts.forget(recorderId)
    this.#gone.delete(recorderId)
  }

  /** No process reports retained states again, so they are rewound here if the clock was set back. */
  #rewind(now: number): void {
    if (now < this.#latest) {
      for (const [recorderId, states] of this.#left) this.#left.set(recorderId, this.#merger.rewound(states, now))
      this.#others = { ...this.#others, states: this.#merger.rewound(this.#others.states, now) }
    }
    this.#latest = now
  }
}
