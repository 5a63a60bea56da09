/** Compiles a layout to the function that reads its rows, as JavaScript for exactly this layout. */
import { EventSpan } from "../../model/eventSpan.ts"
import { property } from "./codegen.ts"
import { Missing, Null, Present, type RowRead } from "./format.ts"
import type { Field, Layout, NamedField } from "./layout.ts"

/** In an object literal `"__proto__": x` would set the prototype. */
const key = (name: string): string => (name === "__proto__" ? `["__proto__"]` : property(name))

class ReadCode {
  readonly lines: Array<string> = []
  readonly constants: Array<unknown> = []
  #variables = 0

  #variable(): string {
    return `v${this.#variables++}`
  }

  /** Generates code that makes an object of the fields. Returns the name of its variable. */
  object(fields: ReadonlyArray<NamedField>, first: string): string {
    const object = this.#variable()
    const parts = first === "" ? [] : [first]
    const optional: Array<string> = []
    for (const [name, field] of fields) {
      const value = this.#value(field)
      if (!field.missing) parts.push(`${key(name)}: ${value}`)
      else optional.push(`if (i32[h + ${field.half}] !== ${Missing}) ${this.#set(object, name, value)}`)
    }
    this.lines.push(`const ${object} = { ${parts.join(", ")} };`, ...optional)
    return object
  }

  #set(object: string, name: string, value: string): string {
    return name === "__proto__"
      ? `Object.defineProperty(${object}, "__proto__", { value: ${value}, enumerable: true, configurable: true, writable: true });`
      : `${object}[${property(name)}] = ${value};`
  }

  /** The property with the span, for an object literal. */
  span(half: number): string {
    this.constants.push(EventSpan)
    const ids = `{ traceId: s[i32[h + ${half}]], spanId: s[i32[h + ${half + 1}]] }`
    return `[k[${this.constants.length - 1}]]: i32[h + ${half}] === ${Missing} ? null : ${ids}`
  }

  /** An expression for the value of a field. */
  #value(field: Field): string {
    const code = `i32[h + ${field.half}]`
    const orAbsent = (value: string): string =>
      field.half < 0 ? value : `(${code} === ${Present} ? ${value} : ${code} === ${Null} ? null : undefined)`
    switch (field.kind) {
      case "number":
        return orAbsent(`f64[p + ${field.word}]`)
      case "integer":
        return orAbsent(`i32[h + ${field.place}]`)
      case "bigint":
        return orAbsent(`r.i64[p + ${field.word}]`)
      case "date":
        return orAbsent(`new Date(f64[p + ${field.word}])`)
      case "string":
        return `s[${code}]`
      case "literal": {
        this.constants.push([undefined, undefined, undefined, null, ...field.values])
        return `k[${this.constants.length - 1}][${code}]`
      }
      case "struct": {
        if (field.half < 0) return this.object(field.fields, "")
        const value = this.#variable()
        this.lines.push(`let ${value};`, `if (${code} === ${Present}) {`)
        this.lines.push(
          `${value} = ${this.object(field.fields, "")};`,
          `} else if (${code} === ${Null}) ${value} = null;`
        )
        return value
      }
    }
  }
}

export const generateRead = (layout: Layout): RowRead => {
  const code = new ReadCode()
  const tag = `_tag: ${JSON.stringify(layout.tag)}`
  const event = code.object(layout.fields, layout.span === undefined ? tag : `${tag}, ${code.span(layout.span)}`)
  const source = `"use strict";
return function read(r, p) {
  const i32 = r.i32, f64 = r.f64, s = r.strings, h = p * 2;
  ${code.lines.join("\n  ")}
  return ${event};
};`
  return new Function("k", source)(code.constants) as RowRead
}
