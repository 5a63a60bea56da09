/** Copies what an instrument shows or keeps, which is plain data. Structured clone takes several times as long. */
export const copyPlain = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(copyPlain) as A
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value)
  const copy = { ...value }
  // The spread has defined all of them, whatever they are called.
  for (const name of Object.keys(copy) as Array<keyof A>) {
    if (typeof copy[name] === "object") copy[name] = copyPlain(copy[name])
  }
  return copy
}

/** For values that are copied later anyway. */
export const asItIs = <A>(value: A): A => value
