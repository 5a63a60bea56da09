/**
 * The hand-over of a stream from the thread that writes it to the thread that folds it, as a model whose interleavings
 * can be explored to the last one; see docs/design/protocol.md. Its steps are named after the functions that they stand for: in
 * `stream/` (page, pagePool, pageWriter, reader, parking, foldedCounters), in `recorder/intake` and `worker/foldThread`.
 * A step has one access that the other thread can notice, or none.
 *
 * Memory: atomic accesses are in one order. A plain store is seen late, in any order with stores to other words, and at
 * the latest when an atomic store that follows it is; it may even be seen before an atomic store that precedes it. So
 * stores lie in a buffer of the producer, from which the reader may see one, until an atomic access empties it.
 *
 * Time: a nap ends by itself, but not while what is published is urgent, since the reader is roused for that. The timer
 * of the producer runs, which tries again when all pages are in use. Nothing else waits for time to pass.
 *
 * Death: a reader that has died takes no step any more. What it leaves is looked at in every state, and what the producer
 * does from then on is among the interleavings.
 */
import type { Model, To } from "./explore.ts"
import { producerOf } from "./HandoverProducer.ts"
import { readerOf } from "./HandoverReader.ts"
import {
  type Bounds,
  Command,
  type Fault,
  Folded,
  Header,
  NapEnds,
  own,
  publishedOf,
  type S,
  wasRead,
  wordOf,
  zero
} from "./HandoverState.ts"

export const handover = (bounds: Bounds, fault?: Fault): Model<S> => {
  const is = (each: Fault): boolean => fault === each
  const producer = producerOf(bounds, is)
  const reader = readerOf(bounds, is)
  const { capacity } = bounds

  const hasRows = (s: S): boolean => own(s, publishedOf(s.readerPage - 1)) > s.readerPos

  /** Events that were published and are not counted as folded lie in the pages, whole and in order. */
  const isIntact = (s: S): boolean => {
    let last = -1
    for (let i = 0; i <= s.full.length; i++) {
      const page = i < s.full.length ? s.full.at(i) : s.page
      const end = i < s.full.length ? own(s, publishedOf(page)) : s.published
      for (let pos = 0; pos < end; ) {
        const first = own(s, wordOf(page, pos++))
        if (first >= Command) continue
        if (first <= Header) return false
        for (let rows = first - Header; rows > 0; rows--) {
          const event = own(s, wordOf(page, pos++))
          if (last < 0 && event > s.memory.at(Folded) + 1) return false
          if (last >= 0 && event !== last + 1) return false
          last = event
        }
      }
    }
    return last < 0 ? s.memory.at(Folded) === s.eventsPublished : last === s.eventsPublished
  }

  /** What happens by itself. */
  const byItself = (s: S, to: To<S>): void => {
    if (s.at === "ready") producer.turn(s, to)
    else producer.goOn(s, to)
    reader(s, to)
  }

  const initial = zero.copy()
  initial.untouched = 1
  initial.burst = 1
  initial.readerPage = 1

  return {
    initial,
    next: (s, to) => {
      byItself(s, to)
      if (s.at === "ready") producer.application(s, to)
    },
    whyWrong: (s) => {
      if (s.isWrong === 1) return "a row was read that is not the next one"
      if (s.memory.at(Folded) > s.eventsRead) return "more events are counted than were folded"
      if (!isIntact(s)) return "an event that was published and not counted as folded is lost"
      let rests = true
      byItself(s, (step) => {
        // It would nap again.
        if (step !== NapEnds || hasRows(s)) rests = false
      })
      if (!rests) return undefined
      if (wasRead(s) < s.urgent) return "what is urgent waits"
      if (hasRows(s)) return "a published row waits for ever"
      if (s.waits === 1 && s.accepted - s.memory.at(Folded) < capacity) return "a fiber waits, and there is room"
      return undefined
    }
  }
}
