/**
 * The fold of one recorder, without the recorder: events go straight to the lane, and reads are answered immediately.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Snapshot, Snapshots } from "../metric/definition/snapshot.ts"
import type { MetricEvent } from "../model/event.ts"
import { MainStream } from "../stream/commands.ts"
import { ChunkBytes, CounterTable, type LaneCounters } from "../stream/foldedCounters.ts"
import type { Change, LaneMessage, StateRead } from "../stream/foldMessages.ts"
import { AnswerRoom } from "./answerRoom.ts"
import { DueReads } from "./dueReads.ts"
import { nowhere } from "./place.ts"
import { FoldLane } from "./recorderFold.ts"
import { atOnce } from "./slices.ts"

const lane = 0

/** The start time of metrics is only needed by exporters, of which there are none. */
const sinceWhen = 0

export class DirectFold {
  readonly #counters: LaneCounters
  readonly #lane: FoldLane
  #answer: ReadonlyArray<unknown> = []
  #changes: ReadonlyArray<Change> = []
  #reached = 0

  constructor() {
    const table = new CounterTable()
    table.add(0, new ArrayBuffer(ChunkBytes))
    this.#counters = table.of(lane)
    this.#lane = new FoldLane({
      lane,
      life: 0,
      recorderId: "",
      stream: MainStream,
      counters: this.#counters,
      fold: {
        send: (message) => this.#take(message),
        sendCopies: false,
        work: atOnce,
        reads: new DueReads(atOnce, () => Number.POSITIVE_INFINITY),
        room: new AnswerRoom(),
        place: nowhere,
        isCareful: false,
        notKept: () => {}
      }
    })
  }

  /** Events that at least one metric took. */
  get applied(): number {
    return this.#counters.applied
  }

  /** Events that no metric took. */
  get ignored(): number {
    return this.#counters.ignored
  }

  register(metric: Metric.Any): void {
    this.#lane.take({ _tag: "Register", lane, name: metric.name, metric, at: sinceWhen })
  }

  /** Resets the metric of this name, or all of them. */
  reset(name?: string): void {
    this.#lane.take({ _tag: "Reset", lane, ...(name !== undefined && { name }), at: sinceWhen })
  }

  /** Sets whether {@link event} returns the changes it makes. */
  watch(every: boolean): void {
    this.#lane.take({ _tag: "Watch", lane, watch: every ? "every" : "none" })
  }

  /** Folds an event. Returns the changes it made, if changes are watched. */
  event(event: MetricEvent, at: number): ReadonlyArray<Change> {
    this.#changes = []
    this.#lane.event(event, at)
    if (this.#changes.length > 0) this.#lane.delivered(this.#reached)
    return this.#changes
  }

  snapshots(now: number, names?: ReadonlyArray<string>, labels?: SeriesFilter): Snapshots {
    const read = this.#read<Snapshot>("snapshots", now, names, labels)
    return Object.fromEntries(read.map((snapshot) => [snapshot.name, snapshot]))
  }

  states(now: number): ReadonlyArray<StateRead> {
    return this.#read("states", now)
  }

  #read<A>(
    what: "snapshots" | "states",
    now: number,
    names?: ReadonlyArray<string>,
    labels?: SeriesFilter
  ): ReadonlyArray<A> {
    this.#lane.take({ _tag: "Read", lane, request: 0, what, now, names, labels })
    return this.#answer as ReadonlyArray<A>
  }

  #take(message: LaneMessage): void {
    if (message._tag === "Answer") this.#answer = message.read
    else if (message._tag === "Changes") {
      this.#changes = message.changes
      this.#reached = message.sequence
    }
  }
}
