/**
 * The fold of one runtime: reads its stream, and drives the lanes of its recorders. It runs in the worker thread, or in
 * process; nothing here knows which.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import { CounterTable } from "../stream/foldedCounters.ts"
import type { Command, FoldMessage } from "../stream/protocol.ts"
import { RowReader, type StreamHandler } from "../stream/reader.ts"
import type { Rows } from "../stream/rows/format.ts"
import { FirstLayout } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import type { Page } from "../stream/rows/page.ts"
import { generateRead } from "../stream/rows/readCode.ts"
import type { FoldLayout } from "./laneMetrics.ts"
import { FoldLane } from "./recorderFold.ts"
import { renderLanes } from "./renderScrape.ts"

export interface FoldOptions {
  readonly send: (message: FoldMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** Whether `send` copies, as it does to another thread. */
  readonly sendCopies: boolean
  /** A page was read to its end and may be written again. */
  readonly onPageRead: (page: Page) => void
  /** The definitions by name, where they do not come with the commands. */
  readonly catalog?: ReadonlyMap<string, Metric.Any>
}

export class Fold implements StreamHandler {
  readonly reader: RowReader
  readonly #options: FoldOptions
  readonly #counters = new CounterTable()
  readonly #lanes: Array<FoldLane | undefined> = []
  readonly #layouts: Array<FoldLayout> = []

  constructor(options: FoldOptions) {
    this.#options = options
    this.reader = new RowReader(this, options.onPageRead)
  }

  rows(lane: number, type: number, rows: Rows, at: number, count: number, time: number): void {
    this.#lanes[lane]?.rows(this.#layouts[type - FirstLayout]!, rows, at, count, time)
  }

  event(lane: number, event: MetricEvent, time: number): void {
    this.#lanes[lane]?.event(event, time)
  }

  read(lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined): void {
    this.#lanes[lane]?.command({ _tag: "Read", lane, request, what: "snapshots", now, names })
  }

  layout(type: number, layout: Layout): void {
    this.#layouts[type - FirstLayout] = { layout, read: generateRead(layout) }
  }

  skip(lane: number, to: number): void {
    this.#lanes[lane]?.skip(to)
  }

  foreignEvents(lane: number, count: number): void {
    this.#lanes[lane]?.foreignEvents(count)
  }

  command(untyped: unknown): void {
    const command = untyped as Command
    switch (command._tag) {
      case "Counters":
        return this.#counters.add(command.buffer)
      case "Open": {
        // Cleared by the side that opens the lane; they may say by now that it waits.
        const counters = this.#counters.of(command.lane)
        const { send, sendCopies } = this.#options
        this.#lanes[command.lane] = new FoldLane({ lane: command.lane, counters, send, sendCopies })
        return
      }
      case "Close":
        this.#lanes[command.lane]?.close()
        this.#lanes[command.lane] = undefined
        return this.#options.send({ _tag: "Closed", lane: command.lane })
      case "Delivered":
        return this.#lanes[command.lane]?.delivered()
      case "Render":
        return renderLanes(command, (lane) => this.#lanes[lane], this.#options.send)
      case "Register": {
        const metric = command.metric ?? this.#options.catalog?.get(command.name)
        return this.#lanes[command.lane]?.command({ ...command, metric: metric! })
      }
      default:
        return this.#lanes[command.lane]?.command(command)
    }
  }
}
