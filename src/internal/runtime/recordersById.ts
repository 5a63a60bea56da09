/** The recorders of a runtime by id, and the totals of those that were removed. Each step is a synchronous one. */

import type { Stats } from "../model/stats.ts"
import { DefaultTotal } from "../model/totalIds.ts"
import type { RecorderControl } from "../recorder/control.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import { Totals } from "./totals.ts"

/** A recorder of this runtime. `removing` is set by the first of those who want to remove it. */
export interface Registered {
  readonly control: RecorderControl
  /** Where it goes when it is removed. */
  readonly total: string | false
  /** It goes there with the runtime as well: its id does not come back in another process. */
  readonly leavesAtEnd: boolean
  removing: boolean
}

export class RecordersById {
  readonly namespace: string
  readonly #lifecycle: RuntimeLifecycle
  readonly #recorders = new Map<string, Registered>()
  /** Events that recorders accepted which are removed. */
  #acceptedBefore = 0
  readonly #totals: Totals

  constructor(lifecycle: RuntimeLifecycle, total: string | false) {
    this.namespace = lifecycle.namespace
    this.#lifecycle = lifecycle
    this.#totals = new Totals(lifecycle)
    if (total !== false) this.#totals.reserve(total)
  }

  controlOf(recorderId: string): RecorderControl | undefined {
    return this.#recorders.get(recorderId)?.control
  }

  get controls(): ReadonlyArray<RecorderControl> {
    return Array.from(this.#recorders.values(), ({ control }) => control)
  }

  /** Those that stand for recorders which were removed. */
  get totals(): ReadonlyArray<RecorderControl> {
    return this.#totals.controls
  }

  /** The id of the total of a recorder, which may be one; its own, if it has none. */
  totalIdOf({ service: { recorderId } }: RecorderControl): string {
    return this.#recorders.get(recorderId)?.total || recorderId
  }

  /** Where states are durable: a total goes on from its own as soon as a recorder that names it has the metrics. */
  prepareTotal(recorderId: string): void {
    const { link } = this.#lifecycle
    const { control, total } = this.#recorders.get(recorderId) ?? { total: false }
    if (total !== false && link !== undefined) this.#totals.prepare(control!, total, link)
  }

  statsOf(control: RecorderControl): Stats {
    return this.#totals.statsOf(control) ?? control.statsUnsafe()
  }

  /** Events that recorders have ever accepted. */
  get accepted(): number {
    return this.controls.reduce((sum, control) => sum + control.statsUnsafe().accepted, this.#acceptedBefore)
  }

  isBeingRemoved({ service }: RecorderControl): boolean {
    return this.#recorders.get(service.recorderId)?.removing === true
  }

  protected get recorderIds(): ReadonlyArray<string> {
    return [...this.#recorders.keys()]
  }

  protected registered(recorderId: string): Registered | undefined {
    return this.#recorders.get(recorderId)
  }

  /** The id that keeps a recorder from being made, if one does. */
  protected taken(recorderId: string, total: string | false): string | undefined {
    if (this.#recorders.has(recorderId) || this.#totals.isReserved(recorderId)) return recorderId
    return total !== false && (total === recorderId || this.#recorders.has(total)) ? total : undefined
  }

  protected add(control: RecorderControl, total: string | false, leavesAtEnd: boolean): void {
    if (total !== false) this.#totals.reserve(total)
    this.#recorders.set(control.service.recorderId, { control, total, leavesAtEnd, removing: false })
  }

  /** The total for what a thread leaves: no total has the id of a recorder. */
  protected totalFor(wanted: string | false): string | false {
    return wanted !== false && this.#recorders.has(wanted) ? DefaultTotal : wanted
  }

  /** In the step in which it leaves its lane: who reads sees its numbers in it, or in its total, which is given back. */
  protected forget(control: RecorderControl): RecorderControl | undefined {
    const { recorderId } = control.service
    const { leavesAtEnd, total } = this.#recorders.get(recorderId) ?? { total: false }
    this.#recorders.delete(recorderId)
    this.#acceptedBefore += control.statsUnsafe().accepted
    const { isRunning, link } = this.#lifecycle
    // With a runtime that ends, all others do.
    return total === false || !(isRunning || leavesAtEnd) ? undefined : this.#totals.of(control, total, link!)
  }
}
