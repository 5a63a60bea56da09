/** The accounting of recorders of all processes: the last reports of running ones, and the counts of ended ones. */
import { addCounts, noCounts, type Stats } from "../model/stats.ts"

/** The account of recorders that are no longer kept by their ids. */
const Others = Symbol("others")

type Account = string | typeof Others

interface Live {
  readonly recorderId: string
  readonly stats: Stats
}

export class Accounts {
  /** By process and instance. */
  readonly #live = new Map<string, Live>()
  readonly #left = new Map<Account, Stats>()

  take(key: string, recorderId: string, stats: Stats | undefined): void {
    if (stats !== undefined) this.#live.set(key, { recorderId, stats })
  }

  /** Without stats, those reported last are final. */
  end(key: string, recorderId: string, stats: Stats | undefined): void {
    const last = stats ?? this.#live.get(key)?.stats
    this.#live.delete(key)
    if (last !== undefined) this.#leave(recorderId, last)
  }

  forget(recorderId: string): void {
    const left = this.#left.get(recorderId)
    this.#left.delete(recorderId)
    if (left !== undefined) this.#leave(Others, left)
  }

  /** By recorder id, of running recorders. */
  get live(): ReadonlyMap<string, Stats> {
    const live = new Map<string, Stats>()
    for (const { recorderId, stats } of this.#live.values()) live.set(recorderId, plus(live.get(recorderId), stats))
    return live
  }

  /** By recorder id, of ended recorders. */
  get left(): ReadonlyMap<string, Stats> {
    const left = new Map<string, Stats>()
    for (const [account, stats] of this.#left) if (account !== Others) left.set(account, stats)
    return left
  }

  /** By recorder id, of all known recorders. */
  get all(): ReadonlyMap<string, Stats> {
    const all = new Map(this.left)
    for (const [recorderId, stats] of this.live) all.set(recorderId, plus(all.get(recorderId), stats))
    return all
  }

  get others(): Stats {
    return this.#left.get(Others) ?? none
  }

  #leave(account: Account, stats: Stats): void {
    this.#left.set(account, { ...plus(this.#left.get(account), ended(stats)), state: "Stopped" })
  }
}

export const none: Stats = { state: "Stopped", ...noCounts }

/** Events that an ended recorder had not folded are lost. They count as evicted, because they will never be applied. */
export const ended = (stats: Stats): Stats => ({
  ...stats,
  state: stats.state === "Failed" ? "Failed" : "Stopped",
  capacity: 0,
  evicted: stats.evicted + stats.pending,
  pending: 0
})

/** For a recorder whose process is silent and may continue. */
export const silent = (stats: Stats): Stats => ({ ...ended(stats), evicted: stats.evicted, pending: stats.pending })

/** `Failed` if one of them is. */
export const plus = (one: Stats = none, other: Stats): Stats => ({
  state: [one.state, other.state].find((state) => state === "Failed") ?? other.state,
  ...addCounts(one, other)
})
