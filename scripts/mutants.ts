/** What the run of mutants has to know of the engine: which tests are meant for what, and what no test should notice. */

const internal = (...names: ReadonlyArray<string>) => names.map((name) => `test/internal/${name}.test.ts`)
const recorder = (...names: ReadonlyArray<string>) => names.map((name) => `test/recorder/${name}.test.ts`)

/** The tests that are meant for a folder: they are quick, and come first. */
export const aimed: { readonly [folder: string]: ReadonlyArray<string> } = {
  stream: [
    ...internal("EventTimes", "FoldThread", "FoldedCounters", "PagePool", "Parking", "RowStream"),
    ...recorder("Backpressure")
  ],
  "stream/rows": [...internal("Layout", "PlainData", "SlowerLane"), ...recorder("SpanExemplars")],
  recorder: [...internal("Intake"), ...recorder("Accounting", "Backpressure", "Overflow", "Alone", "Reset")],
  link: [...internal("FoldThread", "Lanes"), ...recorder("Alone", "FailedQuestion", "LostEvents", "Removed")],
  worker: [...internal("FoldThread"), ...recorder("FailedQuestion", "LostEvents"), "test/worker/Guards.test.ts"],
  fold: [...internal("FieldsRead"), ...recorder("Changes", "LatestChanges", "Quarantine", "Reset", "SpanExemplars")],
  "fold/kernels": internal("FieldsRead", "Kernels", "SeriesCodes")
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
  "ChunkLanes"
]

export interface Explained {
  readonly file: string
  /** The first line that the mutant changes, before and after. */
  readonly from: string
  readonly to: string
  readonly reason: string
}

export const explained: ReadonlyArray<Explained> = []
