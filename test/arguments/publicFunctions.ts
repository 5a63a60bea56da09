/**
 * The names of all functions of the package, of the methods of its classes, and of the functions that its functions
 * return.
 */
import { Effect, Layer, Schema } from "effect"
import manifest from "../../package.json" with { type: "json" }

const isFunction = (value: unknown): value is (...args: never) => unknown =>
  typeof value === "function" && !Schema.isSchema(value) && !Effect.isEffect(value) && !Layer.isLayer(value)

const isClass = (value: unknown): value is new (...args: never) => object =>
  typeof value === "function" && Function.prototype.toString.call(value).startsWith("class")

/** What every function and every class has, and what Effect gives to each service. */
const inherited = new Set(["length", "name", "prototype", "constructor", ...Object.getOwnPropertyNames(class {})])

const functionsIn = (object: object, self = object): ReadonlyArray<string> =>
  Object.getOwnPropertyNames(object).filter(
    (name) => !inherited.has(name) && isFunction(Reflect.get(object, name, self))
  )

/** The names of the functions that an object has, those of its classes included. */
export const methodsOf = (what: string, self: object, owner = self): ReadonlyArray<string> => {
  const prototype = Object.getPrototypeOf(owner) as object | null
  const own = functionsIn(owner, self).map((name) => `${what}.${name}`)
  return prototype === null || prototype === Object.prototype ? own : [...own, ...methodsOf(what, self, prototype)]
}

/** Under the name of the entry, but for entries that are not imported as a whole; a class that has the name of its entry is named once. */
const nameOf = (entry: string, name: string): string => {
  const isWhole = entry !== "." && entry !== "./promise" && entry !== "./testing"
  return isWhole ? `${entry.slice(2)}.${name}`.replace(/^(\w+)\.\1\./, "$1.") : name
}

/** Of every module that `exports` of package.json names. */
export const exportedFunctions = async (): Promise<ReadonlyArray<string>> => {
  const found = new Set<string>()
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue
    const module = (await import(`../../${target["mvx-metrics-source"]}`)) as { readonly [name: string]: unknown }
    for (const [name, value] of Object.entries(module)) {
      if (isClass(value)) for (const each of functionsIn(value)) found.add(nameOf(entry, `${name}.${each}`))
      else if (isFunction(value)) found.add(nameOf(entry, name))
    }
  }
  return [...found].sort()
}
