/**
 * The accounting of recorders of all processes: what running ones have told last, and what those have counted that have
 * ended.
 */
import { addCounts, noCounts, type Stats } from "../model/stats.ts"

/** The account of recorders that are not kept by their ids any more. */
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

  /** Without stats: those that were told last are the last ones. */
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

  /** By recorder id, of those that run. */
  get live(): ReadonlyMap<string, Stats> {
    const live = new Map<string, Stats>()
    for (const { recorderId, stats } of this.#live.values()) live.set(recorderId, plus(live.get(recorderId), stats))
    return live
  }

  /** By recorder id, of those that have ended. */
  get left(): ReadonlyMap<string, Stats> {
    const left = new Map<string, Stats>()
    for (const [account, stats] of this.#left) if (account !== Others) left.set(account, stats)
    return left
  }

  /** By recorder id, of those of which anything is known. */
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

/** Of a recorder that has ended, what it had not folded is lost, as what is evicted: it will never be applied. */
export const ended = (stats: Stats): Stats => ({
  ...stats,
  state: stats.state === "Failed" ? "Failed" : "Stopped",
  capacity: 0,
  evicted: stats.evicted + stats.pending,
  pending: 0
})

/** Of a recorder whose process is silent: it may go on. */
export const silent = (stats: Stats): Stats => ({ ...ended(stats), evicted: stats.evicted, pending: stats.pending })

/** Failed if one of them has. */
export const plus = (one: Stats = none, other: Stats): Stats => ({
  state: [one.state, other.state].find((state) => state === "Failed") ?? other.state,
  ...addCounts(one, other)
})
