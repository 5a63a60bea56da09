/** Whether a model can take steps with the accesses of a run, in their order. */
import type { Model } from "./explore.ts"
import type { Packed } from "./packed.ts"

/** An access whose order matters, and the words that plain stores have changed since the one before. */
interface Ordered {
  readonly access: string
  readonly written: ReadonlySet<string>
}

const orderedOf = (run: ReadonlyArray<string>): ReadonlyArray<Ordered> => {
  const all: Array<Ordered> = []
  let written = new Set<string>()
  for (const access of run) {
    if (access.startsWith("write ")) for (const word of access.slice(6).split(" and ")) written.add(word)
    else {
      all.push({ access, written })
      written = new Set()
    }
  }
  return all
}

/** How far a model has followed: accesses, and the words written since. */
interface Followed {
  readonly at: number
  readonly written: ReadonlySet<string>
}

/**
 * Searches for steps of the model with these accesses. Returns how many accesses of a run the model can follow: all of
 * `run`, without the plain stores, or those before the first at which it has no such step.
 *
 * `accessesOf`: the accesses of a step.
 */
export const follow = <S extends Packed<S>>(
  { initial, next }: Model<S>,
  accessesOf: (step: () => void) => ReadonlyArray<string>,
  run: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const ordered = orderedOf(run)
  const goOn = (from: Followed, accesses: ReadonlyArray<string>): Followed | undefined => {
    let { at } = from
    let written = new Set(from.written)
    for (const access of accesses) {
      const expected = ordered[at]
      if (expected === undefined) break
      if (access.startsWith("write ")) {
        if (!expected.written.has(access.slice(6))) return undefined
        written.add(access.slice(6))
      } else {
        if (access !== expected.access || written.size < expected.written.size) return undefined
        written = new Set()
        at++
      }
    }
    return { at, written }
  }
  const known = new Set<string>()
  const open: Array<Followed & { readonly key: string }> = [{ key: initial.key, at: 0, written: new Set() }]
  const [state, after] = [initial.copy(), initial.copy()]
  let most = 0
  for (let each = open.pop(); each !== undefined && most < ordered.length; each = open.pop()) {
    const { key } = each
    state.become(key)
    next(state, (_, change) => {
      after.become(key)
      const followed = goOn(
        each,
        accessesOf(() => change(after))
      )
      if (followed === undefined) return
      const id = `${followed.at} ${[...followed.written].toSorted()} ${after.key}`
      if (known.has(id)) return
      known.add(id)
      most = Math.max(most, followed.at)
      open.push({ ...followed, key: after.key })
    })
  }
  return ordered.slice(0, most).map(({ access }) => access)
}
