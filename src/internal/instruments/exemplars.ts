/**
 * Examples of what was measured: for each series, and each of its buckets, the last event that belongs to a trace. They
 * are beside the state, since they say nothing of how much there was.
 */
import * as Predicate from "effect/Predicate"
import type { MetricEvent } from "../../MetricEvent.ts"
import { cutText } from "../cutText.ts"
import type { Check } from "../options.ts"
import { bucketOf } from "./histogram.ts"
import { type Instrument, MostOfLabel, sourceValue } from "./instrument.ts"

export interface Exemplar {
  readonly traceId: string
  readonly spanId: string | undefined
  readonly value: number
  /** When it was measured, in milliseconds since the Unix epoch. */
  readonly at: number
}

/** The fields of an event that name its trace. */
export interface ExemplarFields {
  readonly traceId: string
  readonly spanId?: string
}

const isField = (value: unknown): boolean => typeof value === "string" && value !== ""

export const exemplarCheck: Check = (value) =>
  isField(value) ||
  (Predicate.isObject(value) &&
    isField((value as { readonly traceId?: unknown }).traceId) &&
    Object.entries(value).every(([name, field]) => (name === "traceId" || name === "spanId") && isField(field)))
    ? undefined
    : "must be the name of the field with the trace id, or { traceId, spanId } with the names of both"

/** As it stands in the settings of an instrument. */
export const exemplarSettings = (given: unknown): { readonly exemplar?: ExemplarFields } => {
  if (given === undefined) return {}
  return { exemplar: typeof given === "string" ? { traceId: given } : (given as ExemplarFields) }
}

const textIn = (field: string, event: MetricEvent, at: number): string | undefined => {
  const value = sourceValue(field, event, at)
  return typeof value === "string" && value !== "" ? cutText(value, MostOfLabel) : undefined
}

/** By bucket; of a counter there is one. */
type Row = Array<Exemplar | undefined>

export class Exemplars {
  readonly #fields: ExemplarFields
  readonly #boundaries: ReadonlyArray<number>
  /** By the index of the series. */
  readonly #rows: Array<Row | undefined> = []
  /** Of the event that was read last. Without a trace it is no example. */
  #traceId: string | undefined
  #spanId: string | undefined
  #at = 0

  constructor(fields: ExemplarFields, boundaries: ReadonlyArray<number>) {
    this.#fields = fields
    this.#boundaries = boundaries
  }

  read(event: MetricEvent, at: number): void {
    this.#traceId = textIn(this.#fields.traceId, event, at)
    this.#spanId = this.#fields.spanId === undefined ? undefined : textIn(this.#fields.spanId, event, at)
    this.#at = at
  }

  /** The event that was read was measured. */
  take(index: number, value: number): void {
    if (this.#traceId === undefined) return
    this.#rows[index] ??= []
    this.#rows[index][bucketOf(this.#boundaries, value)] = {
      traceId: this.#traceId,
      spanId: this.#spanId,
      value,
      at: this.#at
    }
  }

  of(index: number): ReadonlyArray<Exemplar | undefined> | undefined {
    return this.#rows[index]
  }

  forget(index: number): void {
    this.#rows[index] = undefined
  }
}

/** `undefined` where no examples are asked for. */
export const exemplarsOf = ({ settings }: Instrument): Exemplars | undefined => {
  const { boundaries = [], exemplar } = settings as {
    readonly boundaries?: ReadonlyArray<number>
    readonly exemplar?: ExemplarFields
  }
  return exemplar === undefined ? undefined : new Exemplars(exemplar, boundaries)
}
