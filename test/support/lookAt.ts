import { inspect, isDeepStrictEqual } from "node:util"
import { Equal, Hash } from "effect"

/**
 * Does with a value all that looks at it without running it: prints it, compares it with another one, spreads it, and
 * takes the first step of its iterator.
 */
export const lookAt = (value: object, other: object = value): void => {
  for (const each of [value, other]) {
    String(each)
    JSON.stringify(each)
    inspect(each, { depth: 6, getters: true, showHidden: true })
    Hash.hash(each)
    if (Symbol.iterator in each) (each as Iterable<unknown>)[Symbol.iterator]().next()
  }
  Equal.equals(value, other)
  isDeepStrictEqual({ ...value }, { ...other })
}
