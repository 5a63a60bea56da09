/**
 * The class of a value from any realm. jest and Vitest's vm pools run tests in a realm of their own (`node:vm`), with
 * another `Object`, `Error` and `Map` than Node's modules and threads, so that `instanceof` and comparisons of
 * prototypes fail.
 */

/** The name of a value's built-in class: `"Map"`. */
export const classOf = (value: unknown): string | undefined => {
  try {
    return Object.prototype.toString.call(value).slice(8, -1)
  } catch {
    // A proxy or a getter that throws when its tag is read.
    return undefined
  }
}

export const isOf = (value: unknown, name: string): boolean => classOf(value) === name

/** Whether an object is plain: a literal, or one without a prototype. */
export const isPlainObject = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  return (
    prototype === Object.prototype ||
    prototype === null ||
    // The `Object.prototype` of another realm has no prototype either, and has the methods of every object.
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"))
  )
}

/** Platform errors (`DOMException`) have another class in every realm but one. */
export const isError = (value: unknown): value is Error =>
  value instanceof Error || isOf(value, "Error") || isOf(value, "DOMException")
