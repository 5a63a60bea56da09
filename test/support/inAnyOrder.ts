/** The same value with the objects of each array in one order, because series are in the order of their appearance. */
export const inAnyOrder = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, each) =>
    Array.isArray(each) && typeof each[0] === "object"
      ? each.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
      : each
  )
