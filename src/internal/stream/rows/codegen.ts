/**
 * Compiles a layout to the function that writes its rows, as JavaScript made for this very layout: several times
 * as fast as {@link ./encodeData.ts}.
 */
import { emissionSpan } from "../../model/eventSpan.ts"
import { isPlainObject } from "../../util/realms.ts"
import type { RowMemory, RowWrite } from "./format.ts"
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

/** A number as code; `-0` would print as 0. */
const numeral = (value: unknown): string => (Object.is(value, -0) ? "-0" : String(value))

/** More literals than this are looked up in a map. */
const MostComparisons = 8

class WriteCode {
  /**
   * Code for any event, or for the usual one, which leaves to the other what is rare: so little code that the compiler
   * takes it into the place that emits.
   */
  readonly #isGeneral: boolean
  /** All properties are read first: a getter that emits another event does it before anything of this one is written. */
  readonly reads: Array<string> = []
  readonly checks: Array<string> = []
  /** Strings get their codes once it is known that the event fits, and may be written: a new one is written itself. */
  readonly interns: Array<string> = []
  readonly stores: Array<string> = []
  readonly declarations: Array<string> = []
  readonly constants: Array<unknown> = []
  #variables = 0

  constructor(isGeneral: boolean) {
    this.#isGeneral = isGeneral
  }

  /**
   * What an object inherits is no field of the event. To ask each field costs as much as to write it, so objects whose
   * prototype is the usual one are asked only for the names that it has. Structs have no other prototype, or do not fit.
   */
  #read(owner: string, name: string): string {
    const isEvent = owner === "e"
    // A struct may turn out to be none.
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
    if (code !== undefined) this.stores.push(`i32[h + ${field.half}] = ${code};`)
    const absent = code === undefined ? "return false;" : this.#absent(name, field, owner, value, code)
    switch (field.kind) {
      case "number":
        return this.#number(field.word, `typeof ${value} === "number"`, value, "f64", absent)
      case "integer":
        return this.#integer(field.place, value, absent)
      case "date": {
        const isDate = `${value} instanceof Date && Object.getPrototypeOf(${value}) === Date.prototype`
        return this.#number(field.word, isDate, `${value}.getTime()`, "f64", absent)
      }
      case "bigint": {
        const fits = `typeof ${value} === "bigint" && BigInt.asIntN(64, ${value}) === ${value}`
        return this.#number(field.word, fits, value, "i64", absent)
      }
      case "string": {
        this.checks.push(`if (typeof ${value} === "string") ${code} = -1; else { ${absent} }`)
        this.interns.push(`if (${code} < 0) { ${code} = w.intern(${value}); if (${code} < 0) return false; }`)
        return
      }
      case "literal":
        return this.#literal(field, value, code!, absent)
      case "struct":
        return this.#struct(field, value, absent)
    }
  }

  /** `half`: of the trace, before that of the span. */
  span(half: number): void {
    const span = this.variable("null")
    const trace = this.variable(String(Missing))
    const id = this.variable(String(Missing))
    this.reads.push(`${span} = ${this.constant(emissionSpan)}(e);`)
    this.interns.push(
      `if (${span} !== null) {`,
      `  ${trace} = w.internBriefly(${span}.traceId); ${id} = w.internBriefly(${span}.spanId);`,
      `  if (${trace} < 0 || ${id} < 0) return false;`,
      "}"
    )
    this.stores.push(`i32[h + ${half}] = ${trace};`, `i32[h + ${half + 1}] = ${id};`)
  }

  #number(word: number, test: string, written: string, view: "f64" | "i64", absent: string): void {
    const number = this.variable(view === "f64" ? "0" : "0n")
    this.checks.push(`if (${test}) ${number} = ${written}; else { ${absent} }`)
    this.stores.push(`${view}[p + ${word}] = ${number};`)
  }

  /** What can stand in a half: a whole number of 32 bits, and not -0. */
  #integer(place: number, value: string, absent: string): void {
    const number = this.variable("0")
    const widen = this.#isGeneral ? `(wide ??= []).push(${place})` : "isUsual = false"
    this.checks.push(
      `if (typeof ${value} === "number") {`,
      `  if ((${value} | 0) === ${value} && !is(${value}, -0)) ${number} = ${value} | 0;`,
      `  else ${widen};`,
      `} else { ${absent} }`
    )
    this.stores.push(`i32[h + ${place}] = ${number};`)
  }

  #literal({ values }: LiteralField, value: string, code: string, absent: string): void {
    // A map does not tell 0 from -0.
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
    this.fields(field.fields, value)
    this.checks.push(`} else { ${absent} }`)
  }

  #absent(name: string, field: Field, owner: string, value: string, code: string): string {
    const branches: Array<string> = []
    const own = `Object.hasOwn(${owner}, ${property(name)})`
    if (field.missing) branches.push(`if (${value} === undefined && !${own}) ${code} = ${Missing};`)
    if (field.undefined) branches.push(`if (${value} === undefined && ${own}) ${code} = ${Undefined};`)
    if (field.null) branches.push(`if (${value} === null) ${code} = ${Null};`)
    return [...branches, "return false;"].join(" else ")
  }
}

export const generateWrite = (layout: Layout, type: number, writer: RowMemory): RowWrite => {
  let general: RowWrite | undefined
  return generate(layout, type, writer, (source, event) => {
    general ??= generate(layout, type, writer, undefined)
    return general(source, event)
  })
}

/** `any`: writes any event, where this is code for the usual one. */
const generate = (layout: Layout, type: number, writer: RowMemory, any: RowWrite | undefined): RowWrite => {
  const isGeneral = any === undefined
  const code = new WriteCode(isGeneral)
  code.fields(layout.fields, "e")
  if (layout.span !== undefined) code.span(layout.span)
  const { fixed, words } = writer
  /** Where the run is at its end: begins another one, or, before strings get their codes, asks whether it may. */
  const begin = (asks: boolean): string =>
    `if (source.runType !== ${type} || w.pos >= source.runEnd) {
    const begun = ${asks ? "mayWrite" : "begin"}(source);
    if (begun !== true) return begun;
  }`
  const source = `"use strict";
return function write(source, e) {
  ${code.declarations.join("\n  ")}
  ${isGeneral ? "let wide;" : "let isUsual;"}
  try {
    ${isGeneral ? "" : "isUsual = prototypeOf(e) === usual; if (isUsual)"} {
      ${code.reads.join("\n      ")}
      ${code.checks.join("\n      ")}
    }
  } catch {
    // What the event throws when it is read. Whatever else fails is a defect, and is not caught.
    return false;
  }
  ${isGeneral ? `if (wide !== undefined) return w.widen(${type}, wide, source, e);` : "if (!isUsual) return any(source, e);"}
  ${code.interns.length > 0 ? begin(true) : ""}
  ${code.interns.join("\n  ")}
  ${begin(false)}
  const p = w.pos;
  const h = p * 2;
  ${fixed === undefined ? "const { i32, f64, i64 } = w;" : ""}
  ${code.stores.join("\n  ")}
  w.pos = p + ${layout.words};
  ${words === undefined ? "" : `words[${WordPos}] = p + ${layout.words};`}
  return true;
};`
  const constants = {
    w: writer,
    k: code.constants,
    any,
    begin: (source: RowSource) => writer.beginRun(source, type, layout.words, false),
    mayWrite: (source: RowSource) => writer.beginRun(source, type, layout.words, true),
    words,
    is: Object.is,
    prototypeOf: Object.getPrototypeOf,
    usual: Object.prototype,
    // Arrays that are constants are not loaded, and not checked, for every event: a fifth less for each.
    ...fixed
  }
  return new Function(...Object.keys(constants), source)(...Object.values(constants)) as RowWrite
}
