/**
 * The fold of one runtime: a fiber that takes commands from its inbox and drives the lanes of the recorders. It runs in
 * the worker thread, or in process; nothing here knows which.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { FoldLane } from "./foldLane.ts"
import type { Command, Lane, LaneMessage } from "./protocol.ts"

export interface Fold {
  /** Hands over a command. The fold takes it at its next turn, or at {@link wake}. */
  readonly send: (command: Command) => void
  /** Lets the fold take what was sent before this returns, unless it is at work further up the stack. */
  readonly wake: () => void
}

/**
 * Starts the fold in the scope. The inbox needs no bound of its own: events in it are bounded by the credits of their
 * recorders, and everything else is asked for one by one.
 */
export const makeFold = (
  send: (message: LaneMessage) => void,
  onDefect: (defect: unknown) => void
): Effect.Effect<Fold, never, Scope.Scope> =>
  Effect.gen(function* () {
    const inbox = yield* Queue.unbounded<Command>()
    const lanes = new Map<Lane, FoldLane>()
    const handle = (command: Command): void => {
      if (command._tag === "Hello") return
      if (command._tag === "Open") {
        lanes.set(command.lane, new FoldLane(command.lane, command.counters, send))
      } else if (command._tag === "Close") {
        lanes.delete(command.lane)
      } else {
        lanes.get(command.lane)?.handle(command)
      }
    }
    yield* Queue.takeAll(inbox).pipe(
      Effect.flatMap((commands) => Effect.sync(() => commands.forEach(handle))),
      Effect.forever({ disableYield: true }),
      Effect.catchDefect((defect) => Effect.sync(() => onDefect(defect))),
      Effect.forkScoped({ startImmediately: true })
    )
    return {
      send: (command) => void Queue.offerUnsafe(inbox, command),
      wake: () => Queue.flushUnsafe(inbox)
    }
  })
