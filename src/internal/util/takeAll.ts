/** What is in a set, which is empty from here on. */
export const takeAll = <A>(set: Set<A>): ReadonlySet<A> => {
  const all = new Set(set)
  set.clear()
  return all
}
