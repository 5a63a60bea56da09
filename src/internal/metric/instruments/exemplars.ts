/**
 * Exemplars: for each series, and each of its buckets, the last event that belongs to a trace. They are separate from
 * the state, because they do not affect what is measured.
 */
import type { MetricEvent } from "../../model/event.ts"
import { spanOf } from "../../model/eventSpan.ts"
import { type Check, isRecord } from "../../model/optionChecks.ts"
import { cutText } from "../../util/cutText.ts"
import { type Instrument, MostOfLabel, type Settings, type Source, sourceValue } from "../definition/instrument.ts"
import { bucketOf } from "./histogram.ts"
import { type Packed, Packer, Unpacker } from "./packing.ts"
import { SharedSeries } from "./sharedSeries.ts"

export interface Exemplar {
  readonly traceId: string
  readonly spanId: string | undefined
  readonly value: number
  /** When it was measured, in milliseconds since the Unix epoch. */
  readonly at: number
}

/** The fields of an event that contain its trace, or functions that compute it. */
export interface ExemplarFields {
  readonly traceId: Source
  readonly spanId?: Source
}

/** The source of an event's trace: its fields, or the span in which it was emitted. */
export type ExemplarSource = "span" | ExemplarFields

const isField = (value: unknown): boolean => typeof value === "string" && value !== ""

export const exemplarCheck: Check = (value) =>
  isField(value) ||
  (isRecord(value) &&
    isField(value.traceId) &&
    Object.entries(value).every(([name, field]) => (name === "traceId" || name === "spanId") && isField(field)))
    ? undefined
    : 'must be "span", the name of the field with the trace id, or { traceId, spanId } with the names of both'

/** In the form of an instrument's settings. */
export const exemplarSettings = (given: unknown): { readonly exemplar?: ExemplarSource } => {
  if (given === undefined) return {}
  return { exemplar: typeof given === "string" && given !== "span" ? { traceId: given } : (given as ExemplarSource) }
}

/** The settings of an instrument whose events are mapped: every source is applied `through` the mapping. */
export const mappedExemplar = (settings: Settings, through: (source: Source) => Source): Settings => {
  const { exemplar } = settings as { readonly exemplar?: ExemplarSource }
  if (exemplar === undefined || exemplar === "span") return settings
  const { spanId, traceId } = exemplar
  const mapped: ExemplarFields = {
    traceId: through(traceId),
    ...(spanId !== undefined && { spanId: through(spanId) })
  }
  return { ...settings, exemplar: mapped }
}

const sourceOf = ({ settings }: Instrument) => (settings as { readonly exemplar?: ExemplarSource }).exemplar

/** Whether an instrument reads the spans in which its events are emitted. */
export const readsSpan = (instrument: Instrument): boolean => sourceOf(instrument) === "span"

/** The value of a source for an event. It can be any value. */
const idsOf = (source: ExemplarSource, event: MetricEvent, at: number): { traceId?: unknown; spanId?: unknown } => {
  if (source === "span") return spanOf(event) ?? {}
  const { spanId, traceId } = source
  return {
    traceId: sourceValue(traceId, event, at),
    spanId: spanId === undefined ? undefined : sourceValue(spanId, event, at)
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? cutText(value, MostOfLabel) : undefined

/** By bucket. A counter has one. */
type Row = Array<Exemplar | undefined>

export class Exemplars {
  readonly #source: ExemplarSource
  readonly #boundaries: ReadonlyArray<number>
  /** By the index of the series. */
  #rows: Array<Row | undefined> = []
  readonly #shared = new SharedSeries()
  /** Of the last event. Without a trace it is not an exemplar. */
  #traceId: string | undefined
  #spanId: string | undefined
  #at = 0

  constructor(source: ExemplarSource, boundaries: ReadonlyArray<number>) {
    this.#source = source
    this.#boundaries = boundaries
  }

  read(event: MetricEvent, at: number): void {
    const { spanId, traceId } = idsOf(this.#source, event, at)
    this.#traceId = textOf(traceId)
    this.#spanId = textOf(spanId)
    this.#at = at
  }

  /** Called when the last event was measured. */
  take(index: number, value: number): void {
    if (this.#traceId === undefined) return
    const row = this.#rows[index] ?? []
    const own = this.#shared.leave(index) ? row.slice() : row
    this.#rows[index] = own
    own[bucketOf(this.#boundaries, value)] = {
      traceId: this.#traceId,
      spanId: this.#spanId,
      value,
      at: this.#at
    }
  }

  /** As they are now, because the reader may look at them later. */
  of(index: number): ReadonlyArray<Exemplar | undefined> | undefined {
    return this.#rows[index]?.slice()
  }

  forget(index: number): void {
    this.#shared.leave(index)
    this.#rows[index] = undefined
  }

  /** A copy as they are now, to be read while these continue to change. */
  copy(): Exemplars {
    const copy = new Exemplars(this.#source, this.#boundaries)
    copy.#rows = this.#rows.slice()
    this.#shared.share(copy.#rows.length)
    return copy
  }

  /** The exemplars of the series in a range of indexes. */
  save(from: number, to: number): Packed {
    const packer = new Packer()
    for (let index = from; index < to; index++) {
      this.#rows[index]?.forEach((exemplar, bucket) => {
        const { at, spanId, traceId, value } = exemplar!
        for (const each of [index, bucket, value, at]) packer.number(each)
        packer.text(traceId)
        // No id is empty.
        packer.text(spanId ?? "")
      })
    }
    return packer.packed
  }

  load(saved: Packed): void {
    const from = new Unpacker(saved)
    while (!from.done) {
      const index = from.number()
      const row = this.#rows[index] ?? []
      this.#rows[index] = row
      const bucket = from.number()
      const [value, at] = [from.number(), from.number()]
      row[bucket] = { traceId: from.text(), spanId: from.text() || undefined, value, at }
    }
  }
}

/** `undefined` if exemplars are not enabled. */
export const exemplarsOf = (instrument: Instrument): Exemplars | undefined => {
  const { boundaries = [] } = instrument.settings as { readonly boundaries?: ReadonlyArray<number> }
  const source = sourceOf(instrument)
  return source === undefined ? undefined : new Exemplars(source, boundaries)
}
