/** The recorders of a runtime by id, and the totals of removed recorders. Each step is synchronous. */

import type { Stats } from "../model/stats.ts"
import { DefaultTotal } from "../model/totalIds.ts"
import type { RecorderControl } from "../recorder/control.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import { Totals } from "./totals.ts"

/** A recorder of this runtime. `removing` is set by the first removal. */
export interface Registered {
  readonly control: RecorderControl
  /** The total for its counts when it is removed. */
  readonly total: string | false
  /** Its counts go there when the runtime ends as well, because its id is not used again in another process. */
  readonly leavesAtEnd: boolean
  removing: boolean
}

export class RecordersById {
  readonly namespace: string
  readonly #lifecycle: RuntimeLifecycle
  readonly #recorders = new Map<string, Registered>()
  /** Events accepted by recorders that are removed. */
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

  /** The recorders that represent removed ones. */
  get totals(): ReadonlyArray<RecorderControl> {
    return this.#totals.controls
  }

  /** The id of a recorder's total, or its own id if it has none. The recorder may be a total itself. */
  totalIdOf({ service: { recorderId } }: RecorderControl): string {
    return this.#recorders.get(recorderId)?.total || recorderId
  }

  /** With durable states: a total continues from its state as soon as a recorder that names it has the metrics. */
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

  /** The id that prevents a recorder from being made, if there is one. */
  protected taken(recorderId: string, total: string | false): string | undefined {
    if (this.#recorders.has(recorderId) || this.#totals.isReserved(recorderId)) return recorderId
    return total !== false && (total === recorderId || this.#recorders.has(total)) ? total : undefined
  }

  protected add(control: RecorderControl, total: string | false, leavesAtEnd: boolean): void {
    if (total !== false) this.#totals.reserve(total)
    this.#recorders.set(control.service.recorderId, { control, total, leavesAtEnd, removing: false })
  }

  /** The total for what a thread leaves. No total has the id of a recorder. */
  protected totalFor(wanted: string | false): string | false {
    return wanted !== false && this.#recorders.has(wanted) ? DefaultTotal : wanted
  }

  /**
   * Called in the step in which it leaves its lane: readers see its counts in it, or in its total, which is returned.
   */
  protected forget(control: RecorderControl): RecorderControl | undefined {
    const { recorderId } = control.service
    const { leavesAtEnd, total } = this.#recorders.get(recorderId) ?? { total: false }
    this.#recorders.delete(recorderId)
    this.#acceptedBefore += control.statsUnsafe().accepted
    const { isRunning, link } = this.#lifecycle
    // When the runtime ends, all other totals end as well.
    return total === false || !(isRunning || leavesAtEnd) ? undefined : this.#totals.of(control, total, link!)
  }
}
