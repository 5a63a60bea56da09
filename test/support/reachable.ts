/**
 * Everything that a program can reach from a value: through keys of any kind, prototypes, and the values of getters.
 */
import { Effect, Predicate, Stream } from "effect"

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"

/** The built-in objects of the language, which every object leads to. */
const intrinsics = new Set<unknown>(
  [
    ...Object.getOwnPropertyNames(globalThis).map((name) => (globalThis as never)[name] as unknown),
    (function* () {})(),
    (async () => {})(),
    [][Symbol.iterator]()
  ].flatMap((each) =>
    isObject(each)
      ? [each, (each as { readonly prototype?: unknown }).prototype, Object.getPrototypeOf(each) as unknown]
      : []
  )
)

export interface Reached {
  readonly path: string
  /** Whether the path leads through an effect or a stream, which contain functions of Effect. */
  readonly inEffect: boolean
}

/** All objects and functions reachable from `root`, each with the first path found. */
export const reachable = (root: object): ReadonlyMap<object, Reached> => {
  const found = new Map<object, Reached>()
  const queue: Array<readonly [unknown, Reached]> = [[root, { path: "", inEffect: false }]]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [value, reached] = next
    if (!isObject(value) || intrinsics.has(value) || found.has(value)) continue
    found.set(value, reached)
    const inEffect = reached.inEffect || Effect.isEffect(value) || Stream.isStream(value)
    const to = (step: string, target: unknown): void =>
      void queue.push([target, { path: `${reached.path}${step}`, inEffect }])
    for (const key of Reflect.ownKeys(value)) {
      const { get } = Object.getOwnPropertyDescriptor(value, key)!
      // A getter of a prototype may throw without its object.
      to(`.${String(key)}`, get === undefined ? Reflect.get(value, key) : valueFrom(() => Reflect.get(value, key)))
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    to(".__proto__", prototype)
    for (let at = prototype; isObject(at) && !intrinsics.has(at); at = Object.getPrototypeOf(at)) {
      for (const [key, { get }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
        if (get !== undefined)
          to(
            `.${key}`,
            valueFrom(() => Reflect.get(value, key))
          )
      }
    }
  }
  return found
}

const valueFrom = (get: () => unknown): unknown => {
  try {
    return get()
  } catch {
    return undefined
  }
}

/** The paths to functions that are not `documented`, except those reachable through Effect's own data. */
export const undocumented = (root: object, documented: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...reachable(root)].flatMap(([value, { inEffect, path }]) =>
    Predicate.isFunction(value) && !inEffect && !documented.some((name) => path === `.${name}`) ? [path] : []
  )
