/** Series with a sliding window of time, as numbers in blocks. */

import type { Steps } from "../../util/steps.ts"
import { BlockPoints, type PointTable, type SavedPoints } from "./blockPoints.ts"
import { RecentSlots } from "./recentSlots.ts"
import type { SlidingWindow } from "./slidingWindow.ts"

/** A table of series with slots: {@link ./slotChains.ts}. */
export interface SlidingTable<Point> extends PointTable<Point, number> {
  /** Returns whether that has started a slot. */
  add(address: number, value: number, at: number): boolean
  /** Its newest slot. */
  newest(address: number): number
  /** Drops slots that the clock has not reached if the last value is in the slot `last`. */
  dropUnreached(address: number, last: number): void
}

export class SlidingPoints<Point> extends BlockPoints<Point, number> {
  /** When the last value was measured. */
  override latest = Number.NEGATIVE_INFINITY
  readonly #window: SlidingWindow
  readonly #table: SlidingTable<Point>
  readonly #makeTable: () => SlidingTable<Point>
  readonly #recent = new RecentSlots()

  constructor(window: SlidingWindow, makeTable: () => SlidingTable<Point>) {
    const table = makeTable()
    super(makeTable, true, table)
    this.#window = window
    this.#table = table
    this.#makeTable = makeTable
  }

  override add(index: number, value: number, at: number): void {
    if (at < this.latest) this.rewind(at)
    this.latest = at
    this.copies?.keep(index)
    if (this.#table.add(this.addressOf(index), value, at)) this.#note(index)
  }

  #note(index: number): void {
    this.#recent.note(index, this.#table.newest(this.addressOf(index)), this.size)
  }

  rewind(at: number): void {
    if (at >= this.latest) return
    this.latest = at
    const last = this.#window.slotAt(at)
    const beyond = this.#recent.takeBeyond((slot) => this.#window.isReached(slot, last))
    const count = beyond === "all" ? this.size : beyond.length
    for (let i = 0; i < count; i++) {
      const index = beyond === "all" ? i : beyond[i]!
      this.copies?.keep(index)
      this.#table.dropUnreached(this.addressOf(index), last)
      this.#note(index)
    }
  }

  override put(index: number, point: Point, latest = this.latest): void {
    super.put(index, point)
    this.#note(index)
    if (latest > this.latest) this.latest = latest
  }

  protected override fresh(): SlidingPoints<Point> {
    const fresh = new SlidingPoints(this.#window, this.#makeTable)
    fresh.latest = this.latest
    return fresh
  }

  override *loading(saved: ReadonlyArray<SavedPoints>): Steps<void> {
    yield* super.loading(saved)
    for (let index = 0; index < this.size; index++) this.#note(index)
    this.latest = saved.at(-1)?.at ?? this.latest
  }
}
