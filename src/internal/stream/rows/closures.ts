/**
 * Writes and reads the rows of a layout with closures, where code generation is forbidden: the same bytes as
 * {@link ./codegen.ts}, about half as fast.
 */
import type { MetricEvent } from "../../model/event.ts"
import { emissionSpan, putSpan } from "../../model/eventSpan.ts"
import { isPlainObject } from "../../util/realms.ts"
import type { RowMemory, RowRead, RowSource, Rows, RowWrite } from "./format.ts"
import { Missing, Null, Present, Undefined } from "./format.ts"
import { type Field, isInteger, type Layout, literalCode, type NamedField } from "./layout.ts"

type Struct = { readonly [name: string]: unknown }

/** A plain object, whose fields are its own. A `Date` or a `Map` would pass for a struct that has no required field. */
const isStruct = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && isPlainObject(value)

/** What becomes of the values of a row before the row has a place: they are checked first, stored then. */
interface Draft {
  /** Codes and integers. */
  readonly halves: Int32Array
  readonly numbers: Float64Array
  readonly bigints: BigInt64Array
  /** Strings, and the halves for their codes. */
  readonly texts: Array<string>
  readonly textHalves: Array<number>
  /** Places of integers that turned out to be other numbers. */
  readonly wide: Array<number>
}

/** Puts the value of a field into the draft; `false` when the field cannot hold it. */
type Put = (draft: Draft, owner: Struct) => boolean

const absentCode = (name: string, field: Field, owner: Struct, value: unknown): number => {
  if (value === null) return field.null ? Null : -1
  if (value !== undefined) return -1
  if (Object.hasOwn(owner, name)) return field.undefined ? Undefined : -1
  return field.missing ? Missing : -1
}

/** What an object inherits is no field of the event. */
const readOf =
  (name: string) =>
  (owner: Struct): unknown =>
    Object.hasOwn(owner, name) ? owner[name] : undefined

const putOf = ([name, field]: NamedField): Put => {
  const read = readOf(name)
  /** Where the value is not there: its code in place of it. */
  const putAbsent = (draft: Draft, owner: Struct, value: unknown): boolean => {
    const code = absentCode(name, field, owner, value)
    if (field.half < 0 || code < 0) return false
    draft.halves[field.half] = code
    return true
  }
  const present = (draft: Draft): void => {
    if (field.half >= 0) draft.halves[field.half] = Present
  }
  switch (field.kind) {
    case "number":
      return (draft, owner) => {
        const value = read(owner)
        if (typeof value !== "number") return putAbsent(draft, owner, value)
        present(draft)
        draft.numbers[field.word] = value
        return true
      }
    case "integer":
      return (draft, owner) => {
        const value = read(owner)
        if (typeof value !== "number") return putAbsent(draft, owner, value)
        present(draft)
        if (isInteger(value)) draft.halves[field.place] = value
        else draft.wide.push(field.place)
        return true
      }
    case "date":
      return (draft, owner) => {
        const value = read(owner)
        if (!(value instanceof Date) || Object.getPrototypeOf(value) !== Date.prototype) {
          return putAbsent(draft, owner, value)
        }
        present(draft)
        draft.numbers[field.word] = value.getTime()
        return true
      }
    case "bigint":
      return (draft, owner) => {
        const value = read(owner)
        if (typeof value !== "bigint") return putAbsent(draft, owner, value)
        if (BigInt.asIntN(64, value) !== value) return false
        present(draft)
        draft.bigints[field.word] = value
        return true
      }
    case "string":
      return (draft, owner) => {
        const value = read(owner)
        if (typeof value !== "string") return putAbsent(draft, owner, value)
        draft.texts.push(value)
        draft.textHalves.push(field.half)
        return true
      }
    case "literal":
      return (draft, owner) => {
        const value = read(owner)
        const code = literalCode(field.values, value)
        if (code < 0) return putAbsent(draft, owner, value)
        draft.halves[field.half] = code
        return true
      }
    case "struct": {
      const puts = field.fields.map(putOf)
      return (draft, owner) => {
        const value = read(owner)
        if (!isStruct(value)) return putAbsent(draft, owner, value)
        present(draft)
        for (const put of puts) if (!put(draft, value as Struct)) return false
        return true
      }
    }
  }
}

/** The words of a layout that hold numbers, and bigints. */
const numberWords = (fields: ReadonlyArray<NamedField>, bigints: boolean): ReadonlyArray<number> =>
  fields.flatMap(([, field]) => {
    if (field.kind === "struct") return numberWords(field.fields, bigints)
    return "word" in field && (field.kind === "bigint") === bigints ? [field.word] : []
  })

const halvesOf = (fields: ReadonlyArray<NamedField>): ReadonlyArray<number> =>
  fields.flatMap(([, field]) => [
    ...(field.half < 0 ? [] : [field.half]),
    ...(field.kind === "integer" ? [field.place] : []),
    ...(field.kind === "struct" ? halvesOf(field.fields) : [])
  ])

export const closureWrite = (layout: Layout, type: number, writer: RowMemory): RowWrite => {
  const puts = layout.fields.map(putOf)
  const numbers = numberWords(layout.fields, false)
  const bigints = numberWords(layout.fields, true)
  const spanHalf = layout.span
  const halves = [...halvesOf(layout.fields), ...(spanHalf === undefined ? [] : [spanHalf, spanHalf + 1])]
  const makeDraft = (): Draft => ({
    halves: new Int32Array(layout.words * 2),
    numbers: new Float64Array(layout.words),
    bigints: new BigInt64Array(layout.words),
    texts: [],
    textHalves: [],
    wide: []
  })
  const common = makeDraft()
  let busy = false

  const write = (draft: Draft, source: RowSource, event: MetricEvent): boolean => {
    // Fields of a struct that is not there are zero, and so is a number that is not there.
    draft.halves.fill(0)
    draft.numbers.fill(0)
    if (bigints.length > 0) draft.bigints.fill(0n)
    draft.wide.length = draft.texts.length = draft.textHalves.length = 0
    for (const put of puts) if (!put(draft, event as unknown as Struct)) return false
    const span = spanHalf === undefined ? null : emissionSpan(event)
    if (draft.wide.length > 0) return writer.widen(type, draft.wide, source, event)
    const ended = (): boolean => source.runType !== type || writer.pos >= source.runEnd
    if (ended() && !writer.mayWrite(source)) return false
    for (const [i, text] of draft.texts.entries()) {
      const code = writer.intern(text)
      if (code < 0) return false
      draft.halves[draft.textHalves[i]!] = code
    }
    if (spanHalf !== undefined) {
      const trace = span === null ? Missing : writer.internBriefly(span.traceId)
      const id = span === null ? Missing : writer.internBriefly(span.spanId)
      if (trace < 0 || id < 0) return false
      draft.halves[spanHalf] = trace
      draft.halves[spanHalf + 1] = id
    }
    if (ended() && !writer.beginRun(source, type, layout.words)) return false
    const p = writer.pos
    const h = p * 2
    for (const word of numbers) writer.f64[p + word] = draft.numbers[word]!
    for (const word of bigints) writer.i64[p + word] = draft.bigints[word]!
    for (const half of halves) writer.i32[h + half] = draft.halves[half]!
    writer.pos = p + layout.words
    return true
  }

  return (source, event) => {
    // A getter of the event may emit another one: it gets a draft of its own.
    if (busy) return write(makeDraft(), source, event)
    busy = true
    try {
      return write(common, source, event)
    } finally {
      busy = false
    }
  }
}

type Get = (rows: Rows, p: number) => unknown

const getOf = (field: Field): Get => {
  const absent = (code: number): null | undefined => (code === Null ? null : undefined)
  const { half } = field
  const orAbsent =
    (get: Get): Get =>
    (rows, p) => {
      const code = rows.i32[p * 2 + half]!
      return code === Present ? get(rows, p) : absent(code)
    }
  const always = (get: Get): Get => (half < 0 ? get : orAbsent(get))
  switch (field.kind) {
    case "number":
      return always((rows, p) => rows.f64[p + field.word])
    case "integer":
      return always((rows, p) => rows.i32[p * 2 + field.place])
    case "bigint":
      return always((rows, p) => rows.i64[p + field.word])
    case "date":
      return always((rows, p) => new Date(rows.f64[p + field.word]!))
    case "string":
      return (rows, p) => rows.strings[rows.i32[p * 2 + half]!]
    case "literal": {
      const byCode = [undefined, undefined, undefined, null, ...field.values]
      return (rows, p) => byCode[rows.i32[p * 2 + half]!]
    }
    case "struct": {
      const read = objectOf(field.fields)
      return always((rows, p) => read(rows, p, {}))
    }
  }
}

const objectOf = (fields: ReadonlyArray<NamedField>) => {
  const parts = fields.map(([name, field]) => ({ name, field, get: getOf(field) }))
  return (rows: Rows, p: number, object: { [name: string]: unknown }): object => {
    for (const { field, get, name } of parts) {
      if (field.missing && rows.i32[p * 2 + field.half] === Missing) continue
      const value = get(rows, p)
      if (name !== "__proto__") object[name] = value
      else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
    }
    return object
  }
}

export const closureRead = (layout: Layout): RowRead => {
  const read = objectOf(layout.fields)
  const { span, tag } = layout
  if (span === undefined) return (rows, p) => read(rows, p, { _tag: tag }) as MetricEvent
  return (rows, p) => {
    const [traceId, spanId] = [0, 1].map((i) => rows.strings[rows.i32[p * 2 + span + i]!])
    const ids = traceId === undefined ? null : { traceId: traceId!, spanId: spanId! }
    return putSpan(read(rows, p, { _tag: tag }) as MetricEvent, ids)
  }
}
