/**
 * Compiles a layout to the function that writes its rows, as JavaScript for exactly this layout. It is several times as
 * fast as {@link ./encodeData.ts}.
 */
import { emissionSpan } from "../../model/eventSpan.ts"
import { isPlainObject } from "../../util/realms.ts"
import type { RowMemory, RowWrite, Written } from "./format.ts"
import { FirstCode, Missing, Null, Present, Undefined } from "./format.ts"
import type { Field, Layout, LiteralField, NamedField, StructField } from "./layout.ts"
import type { RowSource } from "./rowSource.ts"
import { WordPos } from "./streamWords.ts"

/** Whether this process may compile JavaScript: `--disallow-code-generation-from-strings` forbids it. */
export const canGenerate: boolean = (() => {
  try {
    return new Function("return true")() === true
  } catch {
    return false
  }
})()

export const property = (name: string): string => JSON.stringify(name)

/** A number as code. `-0` would print as 0. */
const numeral = (value: unknown): string => (Object.is(value, -0) ? "-0" : String(value))

/** Code for a place in a row. `p + 0` would take as much bytecode as any other sum. */
const sum = (from: string, offset: number): string => (offset === 0 ? from : `${from} + ${offset}`)

/** The result for an event that does not fit. */
const misfit = "return false;"

/** More literals than this are looked up in a map. */
const MostComparisons = 8

class WriteCode {
  /**
   * Whether this is code for any event. The code for the usual event leaves rare cases to the other one, so that it is
   * short enough for the compiler to inline at the call site that emits.
   */
  readonly #isGeneral: boolean
  /**
   * All properties are read first, so that a getter that emits another event does so before anything of this one is
   * written.
   */
  readonly reads: Array<string> = []
  readonly checks: Array<string> = []
  /**
   * Strings get their codes once it is known that the event fits and may be written, because a new string is written
   * itself.
   */
  readonly interns: Array<string> = []
  readonly stores: Array<string> = []
  readonly declarations: Array<string> = []
  readonly constants: Array<unknown> = []
  #variables = 0
  /** Whether the current fields belong to an optional struct. */
  #isOptional = false

  constructor(isGeneral: boolean) {
    this.#isGeneral = isGeneral
  }

  /**
   * Inherited properties are not fields of the event. Checking each field costs as much as writing it, so for objects
   * with the usual prototype only names that the prototype has are checked. Structs with another prototype do not fit.
   */
  #read(owner: string, name: string): string {
    const isEvent = owner === "e"
    // A struct may turn out not to be an object.
    const value = `${owner}${isEvent ? "" : "?."}[${property(name)}]`
    const asksWhose = name in Object.prototype || (isEvent && this.#isGeneral)
    return asksWhose ? `(${owner} != null && Object.hasOwn(${owner}, ${property(name)}) ? ${value} : undefined)` : value
  }

  constant(value: unknown): string {
    this.constants.push(value)
    return `k[${this.constants.length - 1}]`
  }

  variable(initial: string): string {
    const name = `v${this.#variables++}`
    this.declarations.push(`let ${name} = ${initial};`)
    return name
  }

  fields(fields: ReadonlyArray<NamedField>, owner: string): void {
    for (const [name, field] of fields) this.field(name, field, owner)
  }

  field(name: string, field: Field, owner: string): void {
    const value = this.variable("undefined")
    this.reads.push(`${value} = ${this.#read(owner, name)};`)
    const code = field.half < 0 ? undefined : this.variable(String(Present))
    if (code !== undefined) this.stores.push(`i32[${sum("h", field.half)}] = ${code};`)
    const absent = code === undefined ? misfit : this.#absent(name, field, owner, value, code)
    switch (field.kind) {
      case "number":
        return this.#number(field.word, `typeof ${value} === "number"`, value, value, "f64", absent)
      case "integer":
        return this.#integer(field.place, value, absent)
      case "date": {
        const isDate = `${value} instanceof Date && Object.getPrototypeOf(${value}) === Date.prototype`
        return this.#number(field.word, isDate, value, `${value}.getTime()`, "f64", absent)
      }
      case "bigint": {
        const fits = `typeof ${value} === "bigint" && BigInt.asIntN(64, ${value}) === ${value}`
        return this.#number(field.word, fits, value, value, "i64", absent)
      }
      case "string": {
        // A recent string has its code at hand. For any other string something may have to be written.
        const always = this.#isAlways(absent)
        this.checks.push(
          always
            ? `if (typeof ${value} !== "string") ${misfit}`
            : `if (typeof ${value} === "string") ${code} = -1; else { ${absent} }`
        )
        this.interns.push(
          `if (${always ? "" : `${code} < 0 && `}(${code} = strings.recent(${value})) < 0) {`,
          `  ${code} = intern(source, ${value}); if (typeof ${code} !== "number") return ${code};`,
          "}"
        )
        return
      }
      case "literal":
        return this.#literal(field, value, code!, absent)
      case "struct":
        return this.#struct(field, value, absent)
    }
  }

  /** `half`: the half for the trace id. That of the span id follows. */
  span(half: number): void {
    const span = this.variable("null")
    const trace = this.variable(String(Missing))
    const id = this.variable(String(Missing))
    this.reads.push(`${span} = ${this.constant(emissionSpan)}(e);`)
    this.interns.push(
      `if (${span} !== null) {`,
      `  ${trace} = internBriefly(source, ${span}.traceId); if (typeof ${trace} !== "number") return ${trace};`,
      `  ${id} = internBriefly(source, ${span}.spanId); if (typeof ${id} !== "number") return ${id};`,
      "}"
    )
    this.stores.push(`i32[${sum("h", half)}] = ${trace};`, `i32[${sum("h", half + 1)}] = ${id};`)
  }

  #number(word: number, test: string, value: string, written: string, view: "f64" | "i64", absent: string): void {
    const number = this.#stored(value, written, absent, view === "f64" ? "0" : "0n")
    const keeps = number === value ? "" : `${number} = ${written};`
    this.checks.push(`if (${test}) { ${keeps} } else { ${absent} }`)
    this.stores.push(`${view}[${sum("p", word)}] = ${number};`)
  }

  /** Whether no row is written for an event that lacks the field. */
  #isAlways(absent: string): boolean {
    return absent === misfit && !this.#isOptional
  }

  /** The stored form of a value: the value itself, if it is present whenever a row is written. */
  #stored(value: string, written: string, absent: string, initial: string): string {
    return written === value && this.#isAlways(absent) ? value : this.variable(initial)
  }

  /** Checks that the value fits a half: a 32-bit integer other than -0. */
  #integer(place: number, value: string, absent: string): void {
    const number = this.#stored(value, value, absent, "0")
    const keeps = number === value ? "" : `else ${number} = ${value};`
    const widen = this.#isGeneral ? `(wide ??= []).push(${place});` : "break usual;"
    this.checks.push(
      `if (typeof ${value} === "number") {`,
      `  if ((${value} | 0) !== ${value} || is(${value}, -0)) ${widen} ${keeps}`,
      `} else { ${absent} }`
    )
    this.stores.push(`i32[${sum("h", place)}] = ${number};`)
  }

  #literal({ values }: LiteralField, value: string, code: string, absent: string): void {
    // A map does not distinguish 0 and -0.
    if (values.length > MostComparisons && !values.some((literal) => Object.is(literal, -0))) {
      const codes = this.constant(new Map(values.map((literal, i) => [literal, FirstCode + i])))
      this.checks.push(
        `${code} = Object.is(${value}, -0) ? undefined : ${codes}.get(${value}); if (${code} === undefined) { ${absent} }`
      )
      return
    }
    const branches = values.map((literal, i) => {
      const same =
        literal === 0 || Number.isNaN(literal)
          ? `Object.is(${value}, ${numeral(literal)})`
          : `${value} === ${this.#written(literal)}`
      return `if (${same}) ${code} = ${FirstCode + i}; else `
    })
    this.checks.push(`${branches.join("")}{ ${absent} }`)
  }

  #written(literal: LiteralField["values"][number]): string {
    return typeof literal === "string" || typeof literal === "boolean"
      ? JSON.stringify(literal)
      : this.constant(literal)
  }

  #struct(field: StructField, value: string, absent: string): void {
    const plain = `${this.constant(isPlainObject)}(${value})`
    this.checks.push(`if (typeof ${value} === "object" && ${value} !== null && !Array.isArray(${value}) && ${plain}) {`)
    const isOptional = this.#isOptional
    this.#isOptional ||= absent !== misfit
    this.fields(field.fields, value)
    this.#isOptional = isOptional
    this.checks.push(`} else { ${absent} }`)
  }

  #absent(name: string, field: Field, owner: string, value: string, code: string): string {
    const branches: Array<string> = []
    const own = `Object.hasOwn(${owner}, ${property(name)})`
    if (field.missing) branches.push(`if (${value} === undefined && !${own}) ${code} = ${Missing};`)
    if (field.undefined) branches.push(`if (${value} === undefined && ${own}) ${code} = ${Undefined};`)
    if (field.null) branches.push(`if (${value} === null) ${code} = ${Null};`)
    return [...branches, misfit].join(" else ")
  }
}

export const generateWrite = (layout: Layout, type: number, writer: RowMemory): RowWrite => {
  let general: RowWrite | undefined
  return generate(layout, type, writer, (source, event) => {
    general ??= generate(layout, type, writer, undefined)
    return general(source, event)
  })
}

/** `any`: writes any event. Passed when this is code for the usual event. */
const generate = (layout: Layout, type: number, writer: RowMemory, any: RowWrite | undefined): RowWrite => {
  const isGeneral = any === undefined
  const code = new WriteCode(isGeneral)
  code.fields(layout.fields, "e")
  if (layout.span !== undefined) code.span(layout.span)
  const { fixed, strings, words } = writer
  const stores = code.stores.join("\n  ")
  const views = ["i32", "f64", "i64"].filter((view) => stores.includes(`${view}[`))
  const source = `"use strict";
return function write(source, e) {
  ${code.declarations.join("\n  ")}
  ${isGeneral ? "let wide;" : "usual: {"}
  try {
    ${isGeneral ? "" : "if (prototypeOf(e) !== usual) break usual;"}
    ${code.reads.join("\n    ")}
    ${code.checks.join("\n    ")}
  } catch {
    // What the event throws when it is read. Whatever else fails is a defect, and is not caught.
    ${misfit}
  }
  ${isGeneral ? `if (wide !== undefined) return w.widen(${type}, wide, source, e);` : ""}
  ${code.interns.join("\n  ")}
  if (source.runType !== ${type} || w.pos >= source.runEnd) {
    const begun = begin(source);
    if (begun !== true) return begun;
  }
  const p = w.pos;
  const h = p * 2;
  ${fixed === undefined ? `const { ${views.join(", ")} } = w;` : ""}
  ${stores}
  w.pos = p + ${layout.words};
  ${words === undefined ? "" : `words[${WordPos}] = p + ${layout.words};`}
  return true;
  ${isGeneral ? "" : "} return any(source, e);"}
};`
  const begin = (source: RowSource) => writer.beginRun(source, type, layout.words, false)
  /**
   * Returns the code of a string that is not at hand, or the reason why there is none. Whether there may be a row is
   * checked first.
   */
  const interning =
    (codeOf: (value: string) => number) =>
    (source: RowSource, value: string): Written | number => {
      if (source.runType !== type || writer.pos >= source.runEnd) {
        const may = writer.beginRun(source, type, layout.words, true)
        if (may !== true) return may
      }
      const code = codeOf(value)
      return code < 0 ? false : code
    }
  const constants = {
    w: writer,
    k: code.constants,
    any,
    begin,
    strings,
    intern: interning((value) => strings.of(value)),
    internBriefly: interning((value) => strings.briefly(value)),
    words,
    is: Object.is,
    prototypeOf: Object.getPrototypeOf,
    usual: Object.prototype,
    // Constant arrays are neither loaded nor checked for every event, which saves a fifth per event.
    ...fixed
  }
  return new Function(...Object.keys(constants), source)(...Object.values(constants)) as RowWrite
}
