/** What a reader of a stream passes to the fold. */
import type { MetricEvent } from "../model/event.ts"
import type { CommandOrder } from "./commands.ts"
import type { Rows } from "./rows/format.ts"
import type { Layout } from "./rows/layout.ts"

/** The contents of the stream, in order. */
export interface StreamHandler {
  readonly command: (command: unknown, from: CommandOrder["from"]) => void
  /** Whether other streams were read up to these positions. */
  readonly hasReached?: (after: NonNullable<CommandOrder["after"]>) => boolean
  /** Whether the command with this number has arrived, which the writer of this stream has sent through another one. */
  readonly hasCome?: (ticket: number) => boolean
  /** A read of snapshots: of the metrics with these names, or of all. */
  readonly read: (lane: number, request: number, now: number, names: ReadonlyArray<string> | undefined) => void
  readonly layout: (type: number, layout: Layout) => void
  readonly event: (lane: number, event: MetricEvent, time: number) => void
  readonly foreignEvents: (lane: number, count: number) => void
  /** The next event of the lane comes after this sequence number. */
  readonly skip: (lane: number, to: number) => void
  /** `count` rows of one lane and layout, starting at word `at`, all with the same time. */
  readonly rows: (lane: number, type: number, rows: Rows, at: number, count: number, time: number) => void
}

/**
 * `idle`: everything published was read. `attachment`: what follows has not arrived yet, or waits for another stream.
 * `more`: there is more to read.
 */
export type ReadProgress = "idle" | "attachment" | "more"
