/** Returns the contents of a set, and empties the set. */
export const takeAll = <A>(set: Set<A>): ReadonlySet<A> => {
  const all = new Set(set)
  set.clear()
  return all
}
