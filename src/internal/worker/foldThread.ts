/** The fiber that drives the fold in a worker thread: reads the stream, and rests when there is nothing to read. */

import * as Effect from "effect/Effect"
import type { DurableState } from "../durable/durableState.ts"
import type { KeepingThread, StateRounds } from "../durable/stateRounds.ts"
import { Checkpoints } from "../fold/checkpoints.ts"
import { Fold } from "../fold/fold.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { ShippingThread } from "../shipping/openShipper.ts"
import type { Shipper } from "../shipping/shipper.ts"
import { MainStream } from "../stream/commands.ts"
import { WakeUp } from "../stream/parking.ts"
import type { Restore, Saved, SavedBatches } from "../stream/restore.ts"
import { setRead } from "../stream/rows/page.ts"
import { type FoldReply, type FoldRequest, PagesAtOnce } from "../stream/workerMessages.ts"
import { nextTurn } from "../util/eventLoopTurn.ts"

/**
 * The length of a nap in milliseconds, while events arrive and after this many naps without events. Falling asleep and
 * waking up cost the application thread a message each, so the thread sleeps only after a second without events.
 */
const ShortNap = 4
const LongNap = 32
const ShortNaps = 32
const NapsBeforeSleep = ShortNaps + 28

/** The fold's end of the stream's port. */
export interface ThreadPort {
  readonly post: (reply: FoldReply, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** A part of a checkpoint, or events for a store. */
  readonly save: (saved: Saved | SavedBatches) => void
  /** A message that has arrived and was not received yet. */
  readonly take: () => FoldRequest | undefined
}

export class FoldThread {
  readonly #fold: Fold
  readonly #checkpoints: Checkpoints
  readonly #port: ThreadPort
  /** Set by the first message. */
  #wakeUp: WakeUp | undefined
  /** Whether the application thread knows that this thread sleeps, and will wake it. */
  #maySleep = false
  /** The number of naps since the last event or wake-up. */
  #naps = 0
  #messages = 0
  /** The number of effects that run in this thread concurrently with the fold, in turns of the event loop. */
  #effects = 0
  #resume: (() => void) | undefined
  #hasEnded = false
  #durable: DurableState | undefined
  /** The rounds of everything that keeps states. */
  readonly #rounds: Array<StateRounds> = []
  #shipper: Shipper | undefined

  constructor(catalog: ReadonlyMap<string, Metric.Any>, port: ThreadPort) {
    this.#port = port
    this.#fold = new Fold({
      send: port.post,
      sendCopies: true,
      onPageRead: (page, stream) => this.#checkpoints.onPageRead(page, stream),
      catalog
    })
    this.#checkpoints = new Checkpoints(this.#fold, (saved) => this.#save(saved), setRead)
    // It may sleep while something is being compressed.
    this.#fold.work.onPending = () => this.#getUp()
  }

  /** What a replacement fold does not fold again is first kept for the store of events. */
  #save(saved: Saved): void {
    this.#shipper?.close()
    this.#port.save(saved)
  }

  receive(request: FoldRequest): void {
    switch (request._tag) {
      case "Start":
        this.#wakeUp = new WakeUp(request.control)
        this.#fold.place = new Int32Array(request.place)
        if (request.restore !== undefined) this.#restore(request.restore)
        // A replacement fold must not read the durable state again, because it has changed by then.
        if (this.#durable?.reads === true) this.#checkpoints.begin()
        break
      case "Stream":
        this.#fold.streams.attach(request.stream, request.words)
        break
      case "Memory":
        this.#fold.streams.find(request.stream ?? MainStream)?.reader.memory(request.first, request.buffer)
        break
      case "Attach":
        this.#fold.reader.attach(request.attachments)
        break
      case "Taken":
        this.#fold.room.taken(request.values)
        break
      case "Unwanted":
        this.#fold.dropRead(request)
        break
      case "Sleep":
        this.#maySleep = true
        break
      case "Wake":
        this.#maySleep = false
        this.#naps = 0
        break
    }
    this.#getUp()
  }

  readonly #onSignal = (): void => this.#getUp()

  #getUp(): void {
    this.#messages++
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** Keeps the state of the fold beyond the process. Must be called before the first message. */
  keep(make: (thread: KeepingThread) => DurableState): DurableState {
    this.#durable = this.tell(make)
    return this.#durable
  }

  get durable(): DurableState | undefined {
    return this.#durable
  }

  /**
   * Keeps the counts of removed recorders. Must be called before the first message if an earlier fold has kept them.
   */
  keepEnded(): void {
    this.#fold.keepEnded()
  }

  /** Keeps the state of the fold in another place. */
  tell<Rounds extends StateRounds>(make: (thread: KeepingThread) => Rounds): Rounds {
    const rounds = make({
      fold: this.#fold,
      covered: () => this.#checkpoints.covered,
      wake: () => this.#getUp(),
      beside: (effect) => void Effect.runFork(this.beside(effect))
    })
    this.#rounds.push(rounds)
    return rounds
  }

  /** Appends what is folded to a store. Must be called before the first message. */
  ship(make: (thread: ShippingThread) => Shipper): Shipper {
    const fold = this.#fold
    const shipper = make({
      send: this.#port.post,
      save: this.#port.save,
      allocate: (bytes) => new SharedArrayBuffer(bytes),
      beside: (effect) => void Effect.runFork(this.beside(effect)),
      onRoom: () => this.#getUp()
    })
    shipper.writer.isReplaying = () => !fold.hasCaughtUp
    fold.tap = shipper.writer
    fold.onShip = (ticket, ends) => shipper.ship(ticket, ends)
    this.#shipper = shipper
    return shipper
  }

  /** Before the first message it does not know what an earlier fold has left. */
  get #isStateDue(): boolean {
    return this.#wakeUp !== undefined && this.#rounds.some((rounds) => rounds.isPending)
  }

  /** Before there is memory: it replaces another fold. */
  #restore(restore: Restore): void {
    this.#fold.restore(restore)
    if (restore.shipping !== undefined) this.#shipper?.restore(restore.shipping)
    this.#checkpoints.restored([...restore.segments.keys()])
  }

  /** A port was closed. What is sent does not arrive any more, so nothing is saved after that either. */
  end(): void {
    this.#hasEnded = true
  }

  /** Never ends by itself. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const fold = this.#fold
    const ready = (): boolean => fold.streams.isReady
    for (;;) {
      const messages = this.#messages
      if (fold.streams.isReady) this.#naps = 0
      const isHeld = this.#shipper?.isFull === true
      const reading = isHeld ? "held" : fold.streams.read(PagesAtOnce)
      this.#fold.leavePlace()
      if (reading === "more" || this.#isBusy) {
        yield* nextTurn
        // Checked only now: everything folded so far was sent through an open port, or this has ended.
        if (this.#hasEnded) return yield* Effect.never
        this.#fold.work.goOn()
        this.#fold.leavePlace()
        this.#checkpoints.goOn()
        if (this.#isStateDue) for (const rounds of this.#rounds) rounds.goOn()
      } else if (isHeld) {
        // If it makes no progress, its supervisor handles it.
        yield* this.#message(messages, LongNap)
      } else if (reading === "attachment" && this.#takeMessages()) {
        // It was sent before its row was published.
      } else if ((reading === "attachment" && fold.streams.size === 1) || this.#wakeUp === undefined) {
        yield* this.#message(messages)
      } else if (this.#maySleep && (fold.streams.size === 1 || this.#wakeUp.sleep(ready, this.#onSignal))) {
        yield* this.#message(messages)
        this.#wakeUp.awake()
      } else {
        if (++this.#naps === NapsBeforeSleep) this.#port.post({ _tag: "Idle" })
        if (this.#isBeside) {
          yield* this.#message(messages, ShortNap)
        } else {
          // Before the nap, so that nothing has to wait for a turn of the event loop.
          yield* nextTurn
          // A message may bring something to do.
          const mayNap = !this.#maySleep || !this.#wakeUp.canSleep
          if (this.#messages === messages && mayNap && !this.#isBeside) {
            this.#wakeUp.nap(this.#naps < ShortNaps ? ShortNap : LongNap, ready)
          }
        }
      }
    }
  })

  /** Whether there is something to do besides reading. */
  get #isBusy(): boolean {
    return this.#fold.work.isPending || this.#checkpoints.isPending || this.#isStateDue
  }

  /** Whether something runs in turns of the event loop, which a nap would delay. */
  get #isBeside(): boolean {
    return this.#effects > 0 || this.#fold.work.beside > 0
  }

  /** Receives what has arrived without a turn of the event loop. Returns whether there was anything. */
  #takeMessages(): boolean {
    const seen = this.#messages
    for (let next = this.#port.take(); next !== undefined; next = this.#port.take()) this.receive(next)
    return this.#messages > seen
  }

  /** Waits until there have been more than `seen` messages, or for this many milliseconds. Does not block. */
  #message(seen: number, most?: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.#messages > seen) return resume(Effect.void)
      const done = (): void => resume(Effect.void)
      const timer = most === undefined ? undefined : setTimeout(done, most)
      this.#resume = () => {
        clearTimeout(timer)
        done()
      }
    })
  }

  /** Runs an effect concurrently with the fold, which then leaves turns of the event loop to it instead of napping. */
  beside<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      this.#effects++
      return Effect.ensuring(
        effect,
        Effect.sync(() => void this.#effects--)
      )
    })
  }
}
