// The memory of attached threads, which others get when they have ended, in every interleaving within small bounds. That the
// search finds what is wrong with each of a list of faulty ones shows that it would find it in ours.
import { describe, expect, it } from "@effect/vitest"
import { asMany } from "../support/long.ts"
import { attachedMemory, type Bounds, type Fault } from "./AttachedMemory.ts"
import { explore } from "./explore.ts"

const MostStates = 1_000_000

/** Pages are full, are covered, and are written again. */
const turning: Bounds = { events: [5, 0], deaths: 1 }
/** A second thread writes more pages than it got. */
const following: Bounds = { events: [2, 3], deaths: 0 }
const replacing: Bounds = { events: [1, 2], deaths: 1 }

const short: { readonly [name: string]: Bounds } = {
  "reused pages": turning,
  "memory reused by another thread": following,
  "a replaced fold": replacing
}
/** In `npm run test:long`. */
const long: { readonly [name: string]: Bounds } = {
  "a replaced fold, and more pages": { events: [2, 2], deaths: 1 }
}
const all = asMany(1, 0) === 1 ? { ...short, ...long } : short

const wrongRow = "a row was read that is not the next one"
const stuck = "a command waits for ever"
const behind = "a stream that has ended is behind for ever"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "releases memory when End is sent": [replacing, stuck],
  "releases memory when the rows are covered but End is not": [replacing, wrongRow],
  "releases memory that the next fold is given": [replacing, wrongRow],
  "forgets the stream position before End is covered": [replacing, wrongRow],
  "mistakes the end of a checkpoint for its position": [following, stuck],
  "ends an unread stream": [replacing, behind],
  "does not clear the headers of released memory": [replacing, wrongRow],
  "has room for rows after it was closed": [replacing, behind],
  "publishes nothing for an exited thread": [replacing, "the total has not what the threads have emitted"],
  "continues in a page before it is cleared": [turning, wrongRow],
  "sets the log page number after it clears the mark": [turning, stuck],
  "marks pages as read when they were read": [turning, stuck],
  "marks pages as read before the checkpoint is posted": [turning, stuck],
  "ignores a checkpoint when the fold has died": [turning, stuck],
  "marks no covered pages when the fold is replaced": [turning, "a thread waits for a page for ever"],
  "reads the log page number before it reads the mark": [turning, stuck],
  "treats a stream as behind that was read past the published position": [replacing, behind]
}

describe("the memory of attached threads", () => {
  it.each(Object.keys(all))("loses nothing, however they end and whoever reuses it: %s", (name) => {
    const { states, violation } = explore(attachedMemory(all[name]!), MostStates)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(10_000)
  })

  it.each(Object.keys(found) as ReadonlyArray<Fault>)("finds the fault: %s", (fault) => {
    const [bounds, reason] = found[fault]
    expect(explore(attachedMemory(bounds, fault), MostStates).violation?.reason).toBe(reason)
  })
})
