/**
 * A link to a fold in the same thread. It folds whenever rows are published: from within the call that emits, every few
 * dozen events, and at the next turn of the event loop.
 */
import * as Effect from "effect/Effect"
import { Scheduler } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import { Fold } from "../fold/fold.ts"
import { setRead } from "../stream/rows/page.ts"
import { type Link, type LinkControl, makeLink } from "./link.ts"

const holdNothing = () => () => {}

/** The link lives as long as the scope. */
export const makeInProcessLink = Effect.fnUntraced(function* (
  mostBytes: number
): Effect.fn.Return<Link, never, Scope.Scope> {
  const dispatcher = (yield* Scheduler).makeDispatcher()
  let control: LinkControl | undefined
  const fold = new Fold({
    send: (message) => control?.deliver(message),
    onPageRead: setRead,
    sharedCounters: () => true
  })
  const read = (): void => {
    try {
      fold.reader.read(Number.POSITIVE_INFINITY)
    } catch (defect) {
      control?.fail(defect)
    }
  }
  control = makeLink({
    catalog: undefined,
    mostBytes,
    carrier: {
      shared: true,
      pagesInTurn: { least: 0, most: 0 },
      publishesEachTurn: false,
      fixedMemory: false,
      allocate: (bytes) => new ArrayBuffer(bytes),
      opened: (first, buffer) => fold.reader.memory(first, buffer),
      sealed: () => {},
      attach: (attachments) => fold.reader.attach(attachments),
      published: read,
      letSleep: () => {},
      wake: () => {},
      later: (run) => dispatcher.scheduleTask(run, 0)
    },
    allocateCounters: (bytes) => new ArrayBuffer(bytes),
    hold: holdNothing,
    later: (action) => dispatcher.scheduleTask(action, 0),
    terminate: () => {}
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => control?.writer.close()))
  return control.link
})
