/**
 * How the events of one recorder become rows of the stream: by the layout of their tag where they have one and fit it, as
 * rows of no fixed width where not. Whatever is written was taken by value.
 */
import { type MetricEvent, whyNotEvent } from "../model/event.ts"
import { emissionSpan, putSpan } from "../model/eventSpan.ts"
import { messageOf } from "../util/describeError.ts"
import type { Encoder } from "./encoders.ts"
import { checkEvent, copyEvent } from "./rows/copyEvent.ts"
import type { Written } from "./rows/format.ts"
import type { TagLayout } from "./rows/layout.ts"
import type { Names } from "./rows/nameLists.ts"
import type { RowSource } from "./rows/rowSource.ts"
import type { RowWriter } from "./writer.ts"

/** How the events of a tag cross, as things stand. */
export interface TagLayouts {
  readonly layoutOf: (tag: string) => TagLayout
  /** Whether a metric reads the spans in which events of the tag are emitted. */
  readonly readsSpan: (tag: string) => boolean
}

/** How the events of a tag are written. */
interface TagWrite {
  readonly encoder: Encoder
  readonly foreign: boolean
  readonly spans: boolean
  /** The names of its fields, where not all of them cross. */
  readonly names: Names | undefined
}

export class EventWriter {
  // No `#` names: see Intake.offer.
  private readonly rowWriter: RowWriter
  readonly #layouts: TagLayouts
  /** Made for the second tag, which many recorders do not have. Foreign tags, of which there may be any number, are not in it. */
  #byTag: Map<string, TagWrite> | undefined
  /** The tag written last, and its encoder: most recorders have few. */
  private tag = ""
  private encoder: Encoder = none
  #last: TagWrite = unused
  /** Nothing is written any more: the lane may be another recorder's. */
  protected hasLeft = false

  constructor(writer: RowWriter, layouts: TagLayouts) {
    this.rowWriter = writer
    this.#layouts = layouts
  }

  /** The metrics of the recorder have changed, and with them the layouts. */
  forgetLayouts(): void {
    const writes = new Set(this.#byTag?.values()).add(this.#last)
    this.#byTag = undefined
    this.tag = ""
    this.encoder = none
    this.#last = unused
    for (const { encoder } of writes) if (encoder !== none) this.rowWriter.release(encoder)
  }

  protected leaveStream(): void {
    this.hasLeft = true
    this.forgetLayouts()
  }

  /**
   * Writes an event that is emitted now. `false`: nothing was written, because it is no event, it cannot be read or is not
   * plain data, the source may not write, or there is no room. `undefined`: one of the last two, and nothing else.
   */
  writeRow(source: RowSource, event: MetricEvent): Written {
    const written = this.encoderOf(event).write(source, event)
    return written === false ? this.writeAny(source, event) : written
  }

  /** Writes an event by the layout of its tag, or says `false`: it has none, or does not fit it. */
  protected encoderOf(event: MetricEvent): Encoder {
    const tag = tagOf(event)
    return tag === this.tag ? this.encoder : this.writeOf(tag).encoder
  }

  /** A copy of an event that is emitted now, with its span where a metric reads that; `undefined` for what is none. */
  copy(event: unknown): MetricEvent | undefined {
    const copy = copyOf(event)
    return copy !== undefined && this.#layouts.readsSpan(copy._tag) ? putSpan(copy, emissionSpan(copy)) : copy
  }

  /** Writes an event that has no layout, or does not fit it. */
  protected writeAny(source: RowSource, event: MetricEvent): boolean {
    const tag = tagOf(event)
    if (typeof event !== "object" || typeof tag !== "string") return false
    // A property that emitted another event may have led to another tag.
    const { foreign, names, spans } = tag === this.tag ? this.#last : this.writeOf(tag)
    if (!foreign) return this.rowWriter.writeEvent(source, event, tag, spans, names)
    if (tag.trim() === "" || !this.rowWriter.mayWrite(source)) return false
    return whyNoData(event) === undefined && this.rowWriter.foreignEvent(source)
  }

  private writeOf(tag: string): TagWrite {
    if (typeof tag !== "string" || tag.trim() === "" || this.hasLeft) return unused
    let write = this.#byTag?.get(tag)
    if (write === undefined) {
      const layout = this.#layouts.layoutOf(tag)
      const encoder = typeof layout === "string" ? undefined : this.rowWriter.encoder(layout)
      const foreign = layout === "foreign"
      const names = typeof layout === "string" ? undefined : this.rowWriter.namesOf(layout)
      write = { encoder: encoder ?? none, foreign, spans: !foreign && this.#layouts.readsSpan(tag), names }
      if (!this.#last.foreign) {
        this.#byTag ??= new Map()
        this.#byTag.set(this.tag, this.#last)
      }
      if (!foreign) this.#byTag?.set(tag, write)
    }
    this.tag = tag
    this.encoder = write.encoder
    this.#last = write
    return write
  }
}

/** Of what has no layout. */
const none: Encoder = { write: () => false }
const unused: TagWrite = { encoder: none, foreign: true, spans: false, names: undefined }

/** What has no tag, or throws when it is asked for it, has none that is a string. */
const tagOf = (event: MetricEvent): string => {
  try {
    return event._tag
  } catch {
    return undefined as never
  }
}

/** A copy of an event by value, or `undefined` for what is none. */
export const copyOf = (event: unknown): MetricEvent | undefined =>
  whyNotEvent(event) === undefined ? copyEvent(event as MetricEvent, () => undefined) : undefined

/** Why `event` is refused as invalid, or `undefined`. */
export const whyInvalidEvent = (event: unknown): string | undefined =>
  whyNotEvent(event) ?? whyNoData(event as MetricEvent)

const whyNoData = (event: MetricEvent): string | undefined =>
  checkEvent(event, (cause) => `must be plain data: ${messageOf(cause)}`)
