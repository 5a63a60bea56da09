/**
 * How the events of one recorder become rows of the stream: by the layout of their tag where they have one and fit it,
 * as clones where not. Whatever is written was taken by value.
 */
import { type MetricEvent, whyNotEvent } from "../model/event.ts"
import { emissionSpan, putSpan, spanOf } from "../model/eventSpan.ts"
import { messageOf } from "../util/describeError.ts"
import type { Encoder } from "./encoders.ts"
import { copyEvent } from "./rows/copyEvent.ts"
import type { RowSource } from "./rows/format.ts"
import type { TagLayout } from "./rows/layout.ts"
import type { RowWriter } from "./writer.ts"

/** How the events of a tag cross, as things stand. */
export interface TagLayouts {
  readonly layoutOf: (tag: string) => TagLayout
  /** Whether a metric reads the spans in which events of the tag are emitted. */
  readonly readsSpan: (tag: string) => boolean
}

export class EventWriter {
  readonly #writer: RowWriter
  readonly #layouts: TagLayouts
  /** Made for the second tag, which many recorders do not have. */
  #encoders: Map<string, Encoder> | undefined
  /** The tag written last, and its encoder: most recorders have few. */
  #tag = ""
  #encoder: Encoder = none

  constructor(writer: RowWriter, layouts: TagLayouts) {
    this.#writer = writer
    this.#layouts = layouts
  }

  /** The metrics of the recorder have changed, and with them the layouts. */
  forgetLayouts(): void {
    this.#encoders = undefined
    this.#tag = ""
    this.#encoder = none
  }

  /**
   * Writes an event that is emitted now and fits its layout. `false`: nothing was written, because it is something else,
   * the source may not write, or there is no room.
   */
  writeRow(source: RowSource, event: MetricEvent): boolean {
    const tag = event._tag
    const encoder = tag === this.#tag ? this.#encoder : this.#encoderOf(tag)
    return encoder.write(source, event)
  }

  /** Writes an event that is a copy already. `full`: there is no room in the stream. */
  writeCopy(source: RowSource, copy: MetricEvent): "written" | "full" {
    if (this.writeRow(source, copy)) return "written"
    const layout = this.#layouts.layoutOf(copy._tag)
    const done =
      layout === "foreign"
        ? this.#writer.foreignEvent(source.lane)
        : this.#writer.clonedEvent(source.lane, copy, spanOf(copy))
    return done ? "written" : "full"
  }

  /** A copy of an event that is emitted now, with its span where a metric reads that; `undefined` for what is none. */
  copy(event: unknown): MetricEvent | undefined {
    const copy = copyOf(event)
    return copy !== undefined && this.#layouts.readsSpan(copy._tag) ? putSpan(copy, emissionSpan(copy)) : copy
  }

  #encoderOf(tag: string): Encoder {
    if (typeof tag !== "string") return none
    let encoder = this.#encoders?.get(tag)
    if (encoder === undefined) {
      const layout = this.#layouts.layoutOf(tag)
      encoder = typeof layout === "string" ? none : this.#writer.encoder(layout)
      if (this.#tag !== "") {
        this.#encoders ??= new Map([[this.#tag, this.#encoder]])
        this.#encoders.set(tag, encoder)
      }
    }
    this.#tag = tag
    this.#encoder = encoder
    return encoder
  }
}

/** Of what has no layout. */
const none: Encoder = { write: () => false }

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
    return `must be plain data: ${messageOf(cause)}`
  }
}
