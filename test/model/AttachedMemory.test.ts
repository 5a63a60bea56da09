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
  "pages that are written again": turning,
  "memory that is given to another thread": following,
  "a fold that is replaced": replacing
}
/** In `npm run test:long`. */
const long: { readonly [name: string]: Bounds } = {
  "a fold that is replaced, and more pages": { events: [2, 2], deaths: 1 }
}
const all = asMany(1, 0) === 1 ? { ...short, ...long } : short

const wrongRow = "a row was read that is not the next one"
const stuck = "a command waits for ever"
const behind = "a stream that has ended is behind for ever"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "gives memory away when End is sent": [replacing, stuck],
  "gives memory away when the rows are covered and End is not": [replacing, wrongRow],
  "gives memory away that the next fold is told of": [replacing, wrongRow],
  "forgets the place in the stream before End is covered": [replacing, wrongRow],
  "takes the end of a checkpoint for its place": [following, stuck],
  "ends a stream that was not read": [replacing, behind],
  "leaves the headers of memory that is given away": [replacing, wrongRow],
  "has room for rows after it was closed": [replacing, behind],
  "publishes nothing for a thread that has ended": [replacing, "the total has not what the threads have emitted"],
  "goes on in a page before it is cleared": [turning, wrongRow],
  "says which page of the log it is after it clears the mark": [turning, stuck],
  "marks pages as read when they were read": [turning, stuck],
  "marks pages as read before the checkpoint is posted": [turning, stuck],
  "looks for no checkpoint when the fold has died": [turning, stuck],
  "marks no covered pages when the fold is replaced": [turning, "a thread waits for a page for ever"],
  "looks which page of the log it is before it looks for the mark": [turning, stuck],
  "takes a stream for behind that is read beyond what was published": [replacing, behind]
}

describe("the memory of attached threads", () => {
  it.each(Object.keys(all))("loses nothing, however they end and whoever gets it: %s", (name) => {
    const { states, violation } = explore(attachedMemory(all[name]!), MostStates)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(10_000)
  })

  it.each(Object.keys(found) as ReadonlyArray<Fault>)("finds: %s", (fault) => {
    const [bounds, reason] = found[fault]
    expect(explore(attachedMemory(bounds, fault), MostStates).violation?.reason).toBe(reason)
  })
})
