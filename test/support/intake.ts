// The intake of one recorder, over a stream with little memory and a fold that reads when a test says so.
import { type Duration, Effect, Schema } from "effect"
import type { LaneLink } from "../../src/internal/link/link.ts"
import type { Emission, Offer } from "../../src/internal/recorder/dispatch.ts"
import { Intake, type Overflow } from "../../src/internal/recorder/intake.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import { makeBooks } from "../../src/internal/stream/rows/laneBooks.ts"
import { layoutOf, type TagLayout } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { StreamPair, type StreamPairOptions } from "./streamPair.ts"

const wide = Schema.Struct({ n: Schema.Number, text: Schema.String })
const layout = layoutOf("wide", wide.ast)!

/** How an event crosses: in a row of fixed width, in a long or a short row of its own, or as a mark. */
export type Kind = "narrow" | "wide" | "generic" | "foreign"

/** The event number `n`. */
export const eventOf = (kind: Kind, n: number): MetricEvent & { readonly n: number } =>
  kind === "narrow"
    ? Object.assign({ _tag: "wide", n }, { text: "" })
    : kind === "wide"
      ? Object.assign({ _tag: "wide", n }, { text: `${n}`.padEnd(8000) })
      : { _tag: kind, n }

const layoutOfTag = (tag: string): TagLayout => (tag === "wide" ? layout : tag === "generic" ? "generic" : "foreign")

export interface IntakeOptions {
  readonly capacity: number
  readonly overflow: Overflow
  readonly memory?: StreamPairOptions
  /** Whether the recorder is in an attached thread, with its accounting in shared memory as well. */
  readonly attached?: boolean
  /** How long an offer waits for room. Default: 30 seconds. */
  readonly waitLimit?: Duration.Input
  /** A fold in this thread is to fold. */
  readonly onFoldNow?: () => void
  readonly layoutOf?: (tag: string) => TagLayout
}

/** An event that has reached the fold, its time, and its number in the order of acceptance as the fold knows it. */
export interface FoldedEvent {
  readonly event: MetricEvent
  readonly at: number | undefined
  readonly sequence: number
}

/** The intake of lane 1, and a fold that takes what has been published when it is told to. */
export const makeIntake = (options: IntakeOptions) => {
  const { attached = false, memory = { fixedMemory: true } } = options
  const pair = new StreamPair({ bytes: 2 * PageBytes, ...memory, ...(attached && { shared: new StreamWords() }) })
  const table = new CounterTable()
  table.add(0, new ArrayBuffer(ChunkBytes))
  const counters = table.of(1)
  let nextTurn: Array<() => void> = []
  /** How many events had been accepted, each time that a fold in this thread was to fold. */
  const foldedNowAt: Array<number> = []
  /** Who keeps the process alive, and for how many events the recorder was full. */
  const link = { holds: 0, overflowed: 0 }
  const laneLink: Omit<LaneLink, "close"> = {
    lane: 1,
    counters,
    books: attached ? makeBooks() : undefined,
    writer: pair.writer,
    hold: () => {
      link.holds++
      let held = true
      return () => {
        if (held) link.holds--
        held = false
      }
    },
    send: (command) => pair.writer.command(command),
    foldNow: () => {
      foldedNowAt.push(intake.accepted)
      options.onFoldNow?.()
    },
    nextTurn: (run) => void nextTurn.push(run),
    afterFold: (run) => void nextTurn.push(run),
    left: () => {},
    overflowed: () => void link.overflowed++
  }
  const intake: Intake = new Intake({
    ...options,
    laneLink: laneLink as LaneLink,
    layouts: { layoutOf: options.layoutOf ?? layoutOfTag, readsSpan: () => false },
    recorder: { startIfIdle: () => {} }
  })
  const ofOthers = pair.encoder(layout)
  let folded = 0
  /** The events that have come, in order; of foreign ones it is only known that there was one. */
  const foldedEvents = (): ReadonlyArray<FoldedEvent> => {
    let sequence = 0
    return pair.came.flatMap((each): ReadonlyArray<FoldedEvent> => {
      if ("skipped" in each) sequence = each.to
      if (!("lane" in each && each.lane === 1)) return []
      sequence++
      return "event" in each
        ? [{ event: each.event, at: each.at, sequence }]
        : [{ event: { _tag: "foreign" }, at: undefined, sequence }]
    })
  }
  /** Emits by the live clock, or `at` the time of another one. */
  const emittedAt = <A>(at: number | undefined, emits: () => A): A => {
    if (at === undefined) return emits()
    pair.writer.give(at)
    try {
      return emits()
    } finally {
      pair.writer.given = undefined
    }
  }
  return {
    intake,
    counters,
    bytes: () => pair.writer.bytes,
    /** Whether nothing is due at the next turn of the event loop. */
    isIdle: (): boolean => nextTurn.length === 0 && !pair.isDue,
    /** Whether another recorder can write this many wide events. */
    hasRoomForOthers: (events: number): boolean => {
      let written = 0
      while (written < events && pair.generic(2, eventOf("wide", 0), 0)) written++
      pair.writer.give(undefined)
      return written === events
    },
    link,
    books: laneLink.books,
    foldedNowAt,
    offer: (event: MetricEvent, at?: number): Offer => emittedAt(at, () => intake.offer(event)),
    offerOrWait: (event: MetricEvent, at?: number, emission?: Emission): Effect.Effect<Offer> =>
      Effect.suspend(() => emittedAt(at, () => intake.offerOrWait(event, options.waitLimit ?? "30 seconds", emission))),
    foldedEvents,
    came: (): ReadonlyArray<MetricEvent> => foldedEvents().map(({ event }) => event),
    /** Other recorders fill the memory, to the last word or until a wide event has no room. */
    fill: (until: "last word" | "wide" = "last word"): void => {
      if (until === "wide") while (pair.generic(2, eventOf("wide", 0), 0));
      else {
        for (const length of [1000, 300]) {
          while (ofOthers(2, Object.assign({ _tag: "wide", n: 0 }, { text: `${length}`.padEnd(length) }), 0));
        }
        while (pair.foreign(2));
      }
      pair.writer.give(undefined)
    },
    fold: (pages: number): void => {
      pair.read(pages)
      const events = foldedEvents()
      for (const { event } of events.slice(folded)) {
        if (event._tag === "foreign") counters.ignored++
        else counters.applied++
      }
      const isNews = events.length > folded
      folded = events.length
      if (isNews && counters.takeWanted()) nextTurn.push(() => intake.onFolded())
    },
    turn: (): void => {
      const due = nextTurn
      nextTurn = []
      for (const run of due) run()
      pair.turn()
    }
  }
}
