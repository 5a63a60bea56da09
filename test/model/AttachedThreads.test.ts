// Attached threads, in every interleaving of their steps with those of the main thread and of the fold, within small bounds.
// That the search finds what is wrong with each of a list of faulty ones shows that it would find it in ours.
import { describe, expect, it } from "@effect/vitest"
import { attachedThreads, type Bounds, type Fault } from "./AttachedThreads.ts"
import { explore } from "./explore.ts"

const MostStates = 1_000_000

const all: { readonly [name: string]: Bounds } = {
  "events in several runs": { events: 4, commands: 0, deaths: 0 },
  "commands among events": { events: 3, commands: 2, deaths: 0 },
  "a fold that is replaced": { events: 2, commands: 1, deaths: 1 }
}

const [, commanding, replacing] = Object.values(all) as [Bounds, Bounds, Bounds]

const behind = "an event is folded before or behind a command that is on its other side"
const stuck = "a command waits for ever"
const blocked = "a row waits for ever"
const lost = "the total has not what the thread has emitted"
const uncounted = "the books have not what the thread has emitted"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "publishes a row that waits before it posts its command": [commanding, stuck],
  "writes no row that waits": [commanding, behind],
  "goes on at a row that waits": [commanding, behind],
  "receives what was sent before it looks at the position": [commanding, stuck],
  "takes what it has heard of for the position": [commanding, lost],
  "does not wait until the thread has left": [commanding, lost],
  "takes a thread for quiet in the midst of an event": [commanding, lost],
  "takes a thread for quiet that has not published everything": [commanding, lost],
  "leaves without counting its run": [commanding, uncounted],
  "leaves without publishing": [commanding, stuck],
  "writes on after it has left": [commanding, lost],
  "does not count the open run of a thread that has ended": [commanding, uncounted],
  "publishes nothing for a thread that has ended": [commanding, lost],
  "completes a thread before all that it has sent was received": [commanding, stuck],
  "leaves to the total before the stream was read": [commanding, lost],
  "forgets tickets when the fold is replaced": [replacing, blocked],
  "forgets the place in the stream when the fold is replaced": [replacing, lost]
}

describe("the events of an attached thread", () => {
  it.each(Object.keys(all))("are in the total once, in order with its commands, however it ends: %s", (name) => {
    const { states, violation } = explore(attachedThreads(all[name]!), MostStates)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(1000)
  })

  it.each(Object.keys(found) as ReadonlyArray<Fault>)("finds: %s", (fault) => {
    const [bounds, reason] = found[fault]
    expect(explore(attachedThreads(bounds, fault), MostStates).violation?.reason).toBe(reason)
  })
})
