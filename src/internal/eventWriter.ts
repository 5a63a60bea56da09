/**
 * How the events of one recorder become rows of the stream: by the layout of their tag where they have one and fit it,
 * as clones where not. Whatever is written was taken by value.
 */
import { type MetricEvent, whyNotEvent } from "../MetricEvent.ts"
import { copyEvent } from "./copyEvent.ts"
import { describeError } from "./describeError.ts"
import type { TagLayout } from "./layout.ts"
import type { LaneLink } from "./link.ts"
import type { RowWrite } from "./rowFormat.ts"
import type { RowWriter } from "./rowWriter.ts"

/** How the events of a tag cross, as things stand. */
export interface TagLayouts {
  readonly layoutOf: (tag: string) => TagLayout
}

export class EventWriter {
  readonly #lane: LaneLink
  readonly #writer: RowWriter
  readonly #layouts: TagLayouts
  /** Made for the second tag, which many recorders do not have. */
  #writes: Map<string, RowWrite> | undefined
  /** The tag written last, and its encoder: most recorders have few. */
  #tag = ""
  #write: RowWrite = refuse

  constructor(lane: LaneLink, layouts: TagLayouts) {
    this.#lane = lane
    this.#writer = lane.writer
    this.#layouts = layouts
  }

  /** The metrics have changed, and with them the layouts. */
  forgetLayouts(): void {
    this.#writes = undefined
    this.#tag = ""
    this.#write = refuse
  }

  /**
   * Writes an event of the writer's present time that fits its layout. `false`: nothing was written, because it is
   * something else, or there is no room.
   */
  writeRow(event: MetricEvent): boolean {
    const tag = event._tag
    return tag === this.#tag ? this.#write(this.#lane.lane, event) : this.#writeOf(tag)(this.#lane.lane, event)
  }

  /** Writes an event that is a copy already. `full`: there is no room in the stream. */
  writeCopy(copy: MetricEvent): "written" | "full" {
    if (this.writeRow(copy)) return "written"
    const layout = this.#layouts.layoutOf(copy._tag)
    const done =
      layout === "foreign"
        ? this.#writer.foreignEvent(this.#lane.lane)
        : this.#writer.clonedEvent(this.#lane.lane, copy)
    return done ? "written" : "full"
  }

  #writeOf(tag: string): RowWrite {
    if (typeof tag !== "string") return refuse
    let write = this.#writes?.get(tag)
    if (write === undefined) {
      const layout = this.#layouts.layoutOf(tag)
      write =
        typeof layout === "string"
          ? refuse
          : this.#writer.encoder(layout, (type, declared) => this.#lane.declare(type, declared))
      if (this.#tag !== "") {
        this.#writes ??= new Map([[this.#tag, this.#write]])
        this.#writes.set(tag, write)
      }
    }
    this.#tag = tag
    this.#write = write
    return write
  }
}

const refuse: RowWrite = () => false

/** A copy of an event by value, or `undefined` for what is none. */
export const copyOf = (event: unknown): MetricEvent | undefined => {
  if (whyNotEvent(event) !== undefined) return undefined
  try {
    return copyEvent(event as MetricEvent)
  } catch {
    return undefined
  }
}

/** Why `event` is refused as invalid, or `undefined`. */
export const whyInvalidEvent = (event: unknown): string | undefined => {
  const reason = whyNotEvent(event)
  if (reason !== undefined) return reason
  try {
    copyEvent(event as MetricEvent)
    return undefined
  } catch (cause) {
    return `must be plain data: ${describeError(cause)}`
  }
}
