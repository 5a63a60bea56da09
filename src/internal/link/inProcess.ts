/**
 * A link to a fold in the same thread. The fold is a fiber that folds published events when it is scheduled. When half
 * the capacity of a recorder is in use, the recorder makes it fold at once, because a synchronous burst never lets the
 * fiber run.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { Scheduler } from "effect/Scheduler"
import * as Scope from "effect/Scope"
import type { DurableState } from "../durable/durableState.ts"
import { Fold } from "../fold/fold.ts"
import type { Shipper } from "../shipping/shipper.ts"
import { setRead } from "../stream/rows/page.ts"
import type { ReadProgress } from "../stream/streamHandler.ts"
import { hasStack } from "../util/stack.ts"
import { TurnActions } from "../util/turnActions.ts"
import type { FlightLog } from "./flightLog.ts"
import type { Link } from "./link.ts"
import type { LinkControl } from "./linkControl.ts"
import { makeLink } from "./makeLink.ts"
import { RoundsInProcess } from "./roundsInProcess.ts"

/** A fold whose state outlives the process. */
export interface DurableFold<E> {
  /** The location of the state, for people. */
  readonly place: string
  /** Runs before anything is folded. */
  readonly open: (rounds: RoundsInProcess) => Effect.Effect<DurableState, E, Scope.Scope>
}

/** A fold whose events are appended to a store. */
export interface ShippingFold<E> {
  /** `onRoom` is called when the shipper has room again. */
  readonly open: (fold: Fold, onRoom: () => void) => Effect.Effect<Pick<Shipper, "isFull">, E, Scope.Scope>
}

const holdNothing = () => () => {}

/** The call depth that reducers can rely on when they run inside the call that emits. */
const CallsOfReducers = 1000

/** The number of pages that the fiber folds between two turns of the event loop. */
const PagesAtOnce = 4

/** Makes a link that lives as long as the scope, which owns the fiber. */
export const makeInProcessLink = Effect.fnUntraced(function* <E = never>(
  mostBytes: number,
  flightLog?: FlightLog,
  durable?: DurableFold<E>,
  shipping?: ShippingFold<E>
): Effect.fn.Return<Link, E, Scope.Scope> {
  const nextTurn = new TurnActions((yield* Scheduler).makeDispatcher())
  const roused = Latch.makeUnsafe()
  const open = roused.openUnsafe.bind(roused)
  let control: LinkControl | undefined
  const scope = yield* Effect.scope
  let shipper: Pick<Shipper, "isFull"> | undefined
  /** Actions to run when the fiber has folded, so that no user code runs in the middle of a fold. */
  let afterFold: Array<() => void> | undefined
  const fold = new Fold({
    send: (message) => control?.deliver(message),
    sendCopies: false,
    awaits: (lane, request) => control?.awaits(lane, request) === true,
    onPageRead: setRead
  })
  control = makeLink({
    catalog: undefined,
    mostBytes,
    flightLog,
    durablePlace: durable?.place,
    tellStore: (settings, own) =>
      Effect.promise(() => import("../durable/openStoredStates.ts")).pipe(
        Effect.tap(() => Effect.sync(() => state === undefined && fold.keepEnded())),
        Effect.flatMap(({ openStoredStates }) => openStoredStates(settings, own, state, (make) => rounds.keep(make))),
        Scope.provide(scope),
        Effect.asVoid
      ),
    ships: shipping !== undefined,
    carrier: {
      pagesInTurn: { least: 0, most: 0 },
      fixedMemory: false,
      allocate: (bytes) => new ArrayBuffer(bytes),
      opened: (first, buffer) => fold.reader.memory(first, buffer),
      attach: (attachments) => fold.reader.attach(attachments),
      rouse: () => {},
      letSleep: () => {},
      // A latch resumes the fiber inside the call that opens it.
      wake: () => nextTurn.add(open),
      turned: () => {},
      soon: nextTurn.add
    },
    allocateCounters: (bytes) => new ArrayBuffer(bytes),
    hold: holdNothing,
    nextTurn: nextTurn.add,
    afterFold: (action) => {
      if (afterFold === undefined) nextTurn.add(action)
      else afterFold.push(action)
    },
    foldNow: () => {
      // Reducers would run out of stack if their caller has used most of it.
      if (!hasStack(CallsOfReducers) || shipper?.isFull === true) return
      try {
        fold.reader.read(Number.POSITIVE_INFINITY)
      } catch (defect) {
        control?.fail(defect)
      }
    },
    terminate: () => {}
  })
  const link = control
  // Folding inside a call that emits may leave work for the fiber.
  fold.work.onPending = () => nextTurn.add(open)
  const foldSome = (): ReadProgress => {
    const due: Array<() => void> = []
    afterFold = due
    try {
      const progress = shipper?.isFull === true ? "idle" : fold.reader.read(PagesAtOnce)
      fold.work.goOn()
      return fold.work.isPending ? "more" : progress
    } finally {
      afterFold = undefined
      for (const action of due) action()
    }
  }
  const rounds = new RoundsInProcess(fold, link.fail)
  const state = durable === undefined ? undefined : yield* durable.open(rounds)
  if (shipping !== undefined) shipper = yield* shipping.open(fold, () => nextTurn.add(open))
  yield* Effect.addFinalizer(() => Effect.sync(link.close))
  yield* Effect.gen(function* () {
    for (;;) {
      // Fibers that got an answer may have resumed and written more.
      if (foldSome() === "more" || (fold.reader.ready && shipper?.isFull !== true)) yield* Effect.yieldNow
      else {
        // Anything published from here on wakes the fiber.
        roused.closeUnsafe()
        link.writer.readerIdle()
        yield* roused.await
      }
    }
  }).pipe(
    Effect.catchDefect((defect) => Effect.sync(() => link.fail(defect))),
    Effect.forkScoped
  )
  return link.link
})
