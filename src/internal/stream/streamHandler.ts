/** What a reader of a stream hands to the fold. */
import type { MetricEvent } from "../model/event.ts"
import type { CommandOrder } from "./commands.ts"
import type { Rows } from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"

/** What comes out of the stream, in order. */
export interface StreamHandler {
  readonly command: (command: unknown, from: CommandOrder["from"]) => void
  /** Whether other streams were read up to these positions. */
  readonly hasReached?: (after: NonNullable<CommandOrder["after"]>) => boolean
  /** Whether the command of this number has come, which the writer of this stream has sent by another one. */
  readonly hasCome?: (ticket: number) => boolean
  /** A read of snapshots: of the metrics of these names, or of all. */
  readonly read: (lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined) => void
  readonly layout: (type: number, layout: Layout) => void
  readonly event: (lane: number, event: MetricEvent, time: number) => void
  readonly foreignEvents: (lane: number, count: number) => void
  /** The next event of the lane comes after this sequence number. */
  readonly skip: (lane: number, to: number) => void
  /** `count` rows of one lane and layout, from word `at` on, all of one time. */
  readonly rows: (lane: number, type: number, rows: Rows, at: number, count: number, time: number) => void
}

/**
 * `idle`: everything published was read. `attachment`: what comes next is on its way, or waits for another stream. `more`:
 * there is more to read.
 */
export type ReadProgress = "idle" | "attachment" | "more"
