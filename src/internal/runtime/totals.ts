/**
 * What removed recorders have counted, as totals: each is a recorder without users, which has the metrics of the
 * recorders that went into it. A periodic reader misses no event, and no sum over all recorders decreases.
 */
import * as Context from "effect/Context"
import type { Link } from "../link/link.ts"
import { addCounts, noCounts, type Stats } from "../model/stats.ts"
import { DefaultTotal } from "../model/totalIds.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { makeRecorder } from "../recorder/makeRecorder.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"

/**
 * The maximum number of totals, because one id per recorder would be no total. Beyond it, counts go to the default
 * total.
 */
const MostTotals = 1000

interface Total {
  readonly control: RecorderControl
  /** The accounting of the recorders that went into it, except for {@link Total.leaving}. */
  stats: Stats
  /** Recorders whose events the fold may still read. */
  readonly leaving: Set<RecorderControl>
}

export class Totals {
  readonly #lifecycle: RuntimeLifecycle
  /** The ids that recorders have named. */
  readonly #ids = new Set<string>()
  readonly #totals = new Map<string, Total>()
  readonly #refused = new Set<string>()

  constructor(lifecycle: RuntimeLifecycle) {
    this.#lifecycle = lifecycle
  }

  /** Prevents recorders from having this id. */
  reserve(id: string): void {
    if (this.#ids.size < MostTotals) this.#ids.add(id)
    else this.#ids.add(DefaultTotal)
  }

  isReserved(id: string): boolean {
    return this.#ids.has(id)
  }

  get controls(): ReadonlyArray<RecorderControl> {
    return Array.from(this.#totals.values(), ({ control }) => control)
  }

  /** The accounting of the recorders in a total; `undefined` for a recorder that is not a total. */
  statsOf(control: RecorderControl): Stats | undefined {
    const total = this.#totals.get(control.service.recorderId)
    if (total?.control !== control) return undefined
    settle(total)
    return Array.from(total.leaving, (each) => each.statsUnsafe()).reduce(plus, total.stats)
  }

  /** The total for a recorder that is about to leave; `undefined`: it has nothing to leave. */
  of(leaving: RecorderControl, id: string, link: Link): RecorderControl | undefined {
    const stats = leaving.statsUnsafe()
    if (link.failure() !== undefined || (stats.offered === 0 && leaving.metricsUnsafe().length === 0)) return undefined
    const total = this.#totalOf(this.isReserved(id) ? id : DefaultTotal, link)
    settle(total)
    total.leaving.add(leaving)
    const refused = total.control.prepareFor(leaving)
    for (const name of refused) this.#tellRefused(total.control, name, leaving)
    return total.control
  }

  /** Has the total of a recorder take over the states that its metrics continue from. */
  prepare(recorder: RecorderControl, id: string, link: Link): void {
    if (link.failure() !== undefined) return
    this.#totalOf(this.isReserved(id) ? id : DefaultTotal, link).control.prepareFor(recorder)
  }

  #totalOf(id: string, link: Link): Total {
    let total = this.#totals.get(id)
    if (total === undefined) {
      const { namespace } = this.#lifecycle
      const options = { ...recorderDefaults, recorderId: id, entityId: id, namespace, link }
      const control = makeRecorder({ ...options, logging: "silent" }, Context.empty())
      total = { control, stats: nothing, leaving: new Set() }
      this.#totals.set(id, total)
    }
    return total
  }

  #tellRefused({ service: total }: RecorderControl, name: string, { service }: RecorderControl): void {
    const key = JSON.stringify([total.recorderId, name])
    if (this.#refused.has(key)) return
    this.#refused.add(key)
    const what = `the metric ${name} of the recorder ${service.recorderId} is not in the total ${total.recorderId}`
    const hint = "Give recorders whose definitions differ totals of their own: totalOfRemoved"
    this.#lifecycle.warn(`${what}, which has another definition of that name. ${hint}`)
  }
}

const nothing: Stats = { state: "Running", ...noCounts }

/**
 * Adds up the recorders that are finished. The fold closes them in order, except for those of threads, some of which
 * may wait.
 */
const settle = (total: Total): void => {
  for (const control of total.leaving) {
    if (!control.isSettled) return
    total.leaving.delete(control)
    total.stats = plus(total.stats, control.statsUnsafe())
  }
}

/** What was accepted and not folded when a recorder was abandoned stays pending. */
const plus = (total: Stats, stats: Stats): Stats => ({
  ...total,
  ...addCounts(total, stats),
  capacity: total.capacity
})
