/** What the run of mutants has to know of the engine: which tests are meant for what, and what no test should notice. */

const internal = (...names: ReadonlyArray<string>) => names.map((name) => `test/internal/${name}.test.ts`)
const recorder = (...names: ReadonlyArray<string>) => names.map((name) => `test/recorder/${name}.test.ts`)
const runtime = (...names: ReadonlyArray<string>) => names.map((name) => `test/runtime/${name}.test.ts`)

/** The tests that are meant for a folder: they are quick, and come first. */
export const aimed: { readonly [folder: string]: ReadonlyArray<string> } = {
  stream: [
    ...internal("EventTimes", "FoldThread", "FoldedCounters", "PagePool", "Pages", "Parking", "RowReader", "RowStream"),
    ...internal("SpanRows", "UsualEvents"),
    "test/model/HandoverTrace.test.ts",
    ...recorder("Backpressure")
  ],
  "stream/rows": [
    ...internal("Layout", "Pages", "PlainData", "RowCodec", "SlowerLane", "UsualEvents"),
    ...recorder("SpanExemplars")
  ],
  recorder: [
    ...internal("Intake", "IntakeEnds", "PendingReads", "RecorderLifecycle", "RemoteIntake", "WaitingOffers"),
    ...recorder("Accounting", "Alone", "Backpressure", "ChangeHook", "Changes", "Deltas", "Emitter", "HookCalls"),
    ...recorder("LatestChanges", "Overflow", "PromiseHooks", "Registration", "Reset", "Time", "WaitTimeout")
  ],
  runtime: [
    ...internal("SharedScrapes"),
    ...runtime("Closing", "FlightRecorder", "Flush", "LayerConfig", "Layers", "Lifecycle", "Registry", "RuntimeStats"),
    ...runtime("SameNamespace", "SharedRecorders", "Shutdown", "Totals")
  ],
  link: [
    ...internal("FoldThread", "KeeperEnd", "Lanes", "Watchdog"),
    ...recorder("Alone", "FailedQuestion", "LostEvents", "Removed")
  ],
  threads: [
    ...internal("AttachedLink", "AttachedStream", "HostedLane", "HostedThread", "RemoteIntake", "Streams"),
    "test/worker/Threads.test.ts"
  ],
  worker: [...internal("FoldThread"), ...recorder("FailedQuestion", "LostEvents"), "test/worker/Guards.test.ts"],
  fold: [
    ...internal("EarlierSeries", "FieldsRead"),
    ...recorder("Changes", "LatestChanges", "Quarantine", "Reset", "SpanExemplars")
  ],
  "fold/kernels": [
    ...internal("Absorbing", "FieldsRead", "Kernels", "SavedKernels", "SeriesCodes"),
    "test/exposition/Series.test.ts"
  ]
}

/** Constants that only tune speed: their values are measured by `npm run bench`, not tested. */
export const tuning: ReadonlyArray<string> = [
  "MostPerLook",
  "WordsUnseen",
  "EventsOfAllTurns",
  "PagesAtOnce",
  "ShortNap",
  "LongNap",
  "ShortNaps",
  "NapsBeforeSleep",
  "CallsOfOffer",
  "CallsOfReducers",
  "Silence",
  "Step",
  "ChunkLanes",
  "EntriesPerSeries"
]

export interface Explained {
  readonly file: string
  /** The first line that the mutant changes, before and after. */
  readonly from: string
  readonly to: string
  readonly reason: string
}

const sign = "Only the sign of what is no code is read."
const slot = "Which slot of a small cache a string has is a matter of speed: what lies there is compared."
const any = "Any number that is not the other one does."
const wake = "The fold gets up a moment later."

export const explained: ReadonlyArray<Explained> = [
  {
    file: "src/internal/stream/rows/stringCodes.ts",
    from: "if (this.#lasting.size >= LastingStrings) return -1",
    to: "if (this.#lasting.size >= LastingStrings) return -2",
    reason: sign
  },
  {
    file: "src/internal/stream/rows/stringCodes.ts",
    from: "if (value.length > RowStringLength) return -1",
    to: "if (value.length > RowStringLength) return -2",
    reason: sign
  },
  {
    file: "src/internal/stream/rows/stringCodes.ts",
    from: "return length === 0 ? 1 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1) + length) & 255",
    to: "return length === 1 ? 1 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1) + length) & 255",
    reason: slot
  },
  {
    file: "src/internal/stream/rows/stringCodes.ts",
    from: "const slot = length === 0 ? 0 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 1)) % PassingStrings",
    to: "const slot = length === 0 ? 0 : (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length >> 2)) % PassingStrings",
    reason: slot
  },
  {
    file: "src/internal/stream/timedWriter.ts",
    from: "if (this.untilLook > 0) return",
    to: "if (this.untilLook > 1) return",
    reason: "The clock is looked at one event earlier, which is as right."
  },
  {
    file: "src/internal/stream/writer.ts",
    from: "if (this.pos + words + 3 > this.rowsEnd && !this.turnPage()) return source.lacksRoom()",
    to: "if (this.pos + words + 3 >= this.rowsEnd && !this.turnPage()) return source.lacksRoom()",
    reason: "A page is left one word earlier: most of the time it is left two earlier, for a row with the time."
  },
  {
    file: "src/internal/stream/writer.ts",
    from: "if (this.pos + words + 3 > this.rowsEnd && !this.turnPage()) return source.lacksRoom()",
    to: "if (this.pos + words + 4 > this.rowsEnd && !this.turnPage()) return source.lacksRoom()",
    reason: "A page is left one word earlier."
  },
  {
    file: "src/internal/stream/writer.ts",
    from: "private runWords = 1",
    to: "runWords = 2",
    reason: "Read of an open run alone, which has set it."
  },
  {
    file: "src/internal/stream/timedWriter.ts",
    from: "this.perLook = passed >= 1 && passed < 2 ? (this.perLook + 1) >> 1 : 1",
    to: "this.perLook = passed >= 1 && passed < 2 ? (this.perLook + 2) >> 1 : 1",
    reason: "The number of events between two looks at the clock goes down by one less."
  },
  {
    file: "src/internal/stream/timedWriter.ts",
    from: "if (this.sinceMoved >= 2 * this.perLook && this.perLook < MostPerLook) this.perLook *= 2",
    to: "if (this.sinceMoved >= 3 * this.perLook && this.perLook < MostPerLook) this.perLook *= 2",
    reason: "The looks at the clock become rarer after three of them instead of two."
  },
  {
    file: "src/internal/stream/pageWriter.ts",
    from: "this.events = true",
    to: ";",
    reason: "The next event sets the timer, which else would have gone on by itself: that costs the event more."
  },
  {
    file: "src/internal/stream/foldedCounters.ts",
    from: "Atomics.store(this.#table, this.#at + Wanted, 1)",
    to: "Atomics.store(this.#table, this.#at + Wanted, 2)",
    reason: any
  },
  {
    file: "src/internal/stream/parking.ts",
    from: "const Napping = 1",
    to: "const Napping = 2",
    reason: any
  },
  {
    file: "src/internal/recorder/backlog.ts",
    from: "#skipped = false",
    to: "#skipped = true",
    reason: "The fold is told once where the lane stands, which it knows."
  },
  {
    file: "src/internal/recorder/backlog.ts",
    from: "source.limit = 1",
    to: "source.limit = 2",
    reason: any
  },
  {
    file: "src/internal/recorder/backlog.ts",
    from: "this.#accounts.lookAtFold()",
    to: ";",
    reason: "What could go is moved a moment later, when the recorder asks the fold for news."
  },
  {
    file: "src/internal/recorder/backlog.ts",
    from: 'if (taken === undefined || taken._tag === "Failure") throw new Error("the queue of a recorder is never closed")',
    to: 'if (taken === undefined && taken._tag === "Failure") throw new Error("the queue of a recorder is never closed")',
    reason: "Neither is ever so: the size was looked at."
  },
  {
    file: "src/internal/recorder/dispatch.ts",
    from: "this.laneLink.writer.publish(true)",
    to: "this.laneLink.writer.publish(false)",
    reason: wake
  },
  {
    file: "src/internal/recorder/intake.ts",
    from: "this.laneLink.writer.publish(true)",
    to: "this.laneLink.writer.publish(false)",
    reason: wake
  },
  {
    file: "src/internal/recorder/intake.ts",
    from: "if (!this.#isOpen) return false",
    to: "if (!this.#isOpen) return true",
    reason: "Whoever opens it looks at the limit, which is 0 then."
  },
  {
    file: "src/internal/recorder/intake.ts",
    from: 'if (this.overflow !== "backpressure" || this.accepted < this.rows.limit || this.reopen()) return this.offer(event)',
    to: 'if (this.overflow !== "backpressure" || this.accepted < this.rows.limit && this.reopen()) return this.offer(event)',
    reason: "The event is accepted on the way of those that wait, which is slower."
  },
  {
    file: "src/internal/recorder/backlog.ts",
    from: "return this.isFlowing && this.size > 0 && this.#stuck === undefined && this.#mayHand",
    to: "return this.isFlowing && this.size > 1 && this.#stuck === undefined && this.#mayHand",
    reason: "The last event is moved when the fold reports those before it."
  },
  {
    file: "src/internal/recorder/dispatch.ts",
    from: "if (this.#drained.length > 0 && this.pending === 0) {",
    to: "if (this.#drained.length >= 0 && this.pending === 0) {",
    reason: "None of no actions is run."
  },
  {
    file: "src/internal/recorder/pendingReads.ts",
    from: "#next = 0",
    to: "#next = 1",
    reason: any
  },
  {
    file: "src/internal/recorder/pendingReads.ts",
    from: "if (!this.#reads?.delete(request)) return",
    to: "if (!this.#reads?.delete(request)) ;",
    reason: "What has ended may be ended again."
  },
  {
    file: "src/internal/threads/hostedLane.ts",
    from: "if (message.request > Drain) return this.#listener.onMessage(message)",
    to: "if (message.request > Drain) ;(this.#listener.onMessage(message))",
    reason: "No request of the thread has such a number."
  },
  {
    file: "src/internal/worker/foldThread.ts",
    from: "if (fold.streams.isReady) this.#naps = 0",
    to: "if (fold.streams.isReady) this.#naps = 1",
    reason: "One nap less of 60 before the thread asks whether it may sleep."
  },
  {
    file: "src/internal/stream/rows/encodeData.ts",
    from: "this.put(Boxed, 0)",
    to: "this.put(Boxed, 1)",
    reason: "Only the kind is read: the value follows."
  },
  {
    file: "src/internal/stream/rows/decodeData.ts",
    from: "#i32: Int32Array = new Int32Array(0)",
    to: "#i32 = new Int32Array(1)",
    reason: "Each value that is decoded sets it before it is read."
  },
  {
    file: "src/internal/fold/kernels/codeTable.ts",
    from: "let hash = 0",
    to: "let hash = 1",
    reason: "Where the search for a slot begins is a matter of speed: what lies there is compared."
  },
  {
    file: "src/internal/fold/kernels/codeIndex.ts",
    from: "if (entries[i]! >= 0) fits = put(places, entries[i]!, entries[i + 1]!) === undefined",
    to: "if (entries[i] > 0) fits = put(places, entries[i] , entries[i + 1] ) === undefined",
    reason: "Without labels the code 0 is the only one, and its table never grows."
  },
  {
    file: "src/internal/runtime/threads.ts",
    from: 'return yield* lifecycle.invalidState("accept threads", hint)',
    to: ';(yield* lifecycle.invalidState("accept threads", hint))',
    reason: "The error ends the function anyway: the return is for the compiler."
  }
]
