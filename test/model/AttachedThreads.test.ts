// Attached threads, in every interleaving of their steps with those of the main thread and of the fold, within small bounds.
// That the search finds what is wrong with each of a list of faulty ones shows that it would find it in ours.
import { describe, expect, it } from "@effect/vitest"
import { attachedThreads, type Bounds, type Fault } from "./AttachedThreads.ts"
import { explore } from "./explore.ts"

const MostStates = 1_000_000

const all: { readonly [name: string]: Bounds } = {
  "events in several runs": { events: 4, commands: 0, deaths: 0 },
  "commands among events": { events: 3, commands: 2, deaths: 0 },
  "a replaced fold": { events: 2, commands: 1, deaths: 1 }
}

const [, commanding, replacing] = Object.values(all) as [Bounds, Bounds, Bounds]

const behind = "an event is folded before or behind a command that is on its other side"
const stuck = "a command waits for ever"
const blocked = "a row waits for ever"
const lost = "the total has not what the thread has emitted"
const uncounted = "the books have not what the thread has emitted"

const found: { readonly [F in Fault]: readonly [Bounds, reason: string] } = {
  "publishes a waiting row before it posts its command": [commanding, stuck],
  "writes no waiting row": [commanding, behind],
  "continues at a waiting row": [commanding, behind],
  "receives sent messages before it reads the position": [commanding, stuck],
  "mistakes the last reported position for the current one": [commanding, lost],
  "does not wait until the thread has left": [commanding, lost],
  "treats a thread as quiet in the middle of an event": [commanding, lost],
  "treats a thread as quiet that has not published everything": [commanding, lost],
  "leaves without counting its run": [commanding, uncounted],
  "leaves without publishing": [commanding, stuck],
  "continues writing after it has left": [commanding, lost],
  "does not count the open run of an exited thread": [commanding, uncounted],
  "publishes nothing for an exited thread": [commanding, lost],
  "completes a thread before all its messages were received": [commanding, stuck],
  "leaves to the total before the stream was read": [commanding, lost],
  "forgets tickets when the fold is replaced": [replacing, blocked],
  "forgets the stream position when the fold is replaced": [replacing, lost]
}

describe("the events of an attached thread", () => {
  it.each(Object.keys(all))(
    "are in the total once, in order with the thread's commands, however it ends: %s",
    (name) => {
      const { states, violation } = explore(attachedThreads(all[name]!), MostStates)
      expect(violation).toBeUndefined()
      expect(states).toBeGreaterThan(1000)
    }
  )

  it.each(Object.keys(found) as ReadonlyArray<Fault>)("finds the fault: %s", (fault) => {
    const [bounds, reason] = found[fault]
    expect(explore(attachedThreads(bounds, fault), MostStates).violation?.reason).toBe(reason)
  })
})
