/**
 * How events lie in memory, as words of 8 bytes. What both threads have to agree on, and nothing else.
 *
 * A stream is made of runs. A run begins with one word, its lane and its type. A type below {@link FirstLayout} is the
 * stream's own. From there on it is a layout, declared by a {@link LayoutRow}: then the upper half of the type is a
 * count, and that many rows of the layout follow, events of that lane. Events carry no time of their own; a row of the
 * stream says when the time has changed.
 */
import type { MetricEvent } from "../../model/event.ts"
import type { Views } from "./page.ts"
import type { RowSource } from "./rowSource.ts"

/** The next attachment is a command. One word. */
export const CommandRow = 0
/**
 * An event of any shape, as {@link ./encodeData.ts} writes it. The upper half of the type is the number of words that
 * follow the header. Its lane is in the first half.
 */
export const EventRow = 1
/** An event that no metric can be concerned with. One word. */
export const ForeignEventRow = 2
/** An entry of the dictionary. Words: header (the first half is the id), length (first half), UTF-16 code units. */
export const StringRow = 3
/** The stream goes on in the page whose number stands in the first half. One word. */
export const PageEndRow = 4
/** The events from here on were emitted at the time in the second word. */
export const TimeRow = 5
/** A layout, for the type in the first half. Plain data, in as many words as the upper half of the type says. */
export const LayoutRow = 6
/** The lane in the first half goes on after the sequence number in the second word: what came before it was evicted. */
export const SkipRow = 7
/**
 * A read of snapshots of the lane in the first half. Words: header (the upper half of the type is the number of metrics
 * that are read, 0 for all), time (a 64-bit float), number of the request (first half), codes of their names (halves).
 */
export const ReadRow = 8
/** A list of names, under the code in the first half: the list in the second word's first half, and a string more. */
export const NamesRow = 9
/** In the stream of an attached thread: the command of this number, in the first half, comes before what follows. One word. */
export const WaitRow = 10
/** The first type that is a layout. */
export const FirstLayout = 16

/** The type of a run is in the lower bits of its second half, the count in the upper ones. */
export const TypeBits = 16
export const TypeMask = (1 << TypeBits) - 1

/** Most layouts that a stream has types for at a time. */
export const MostTypes = TypeMask + 1 - FirstLayout

/**
 * Codes of fields that take a 32-bit half. What is not there has a code of its own; strings and literals have theirs
 * from {@link FirstCode} on.
 */
export const Present = 0
export const Missing = 1
export const Undefined = 2
export const Null = 3
export const FirstCode = 4

/** Strings that are too many or too long for the dictionary take turns with the first codes. A row has fewer strings. */
export const PassingStrings = 64
/** The first code of a string that is in the dictionary for good, and how many there are at the most. */
export const FirstLasting = FirstCode + PassingStrings
export const LastingStrings = 65_536
/**
 * Most UTF-16 code units of a string that stays in the dictionary, and of one that goes in a row of fixed width at all. No
 * such row has more than an event may have, so that the limit is the same however an event lies.
 */
export const LastingLength = 256
export const RowStringLength = 1024

/** Lists of names that have a code, and names of one. What is beyond is written with its name. */
export const MostNameLists = 4096
export const MostNames = 32

/** Words of a row that carries a string of `length` code units. */
export const stringRowWords = (length: number): number => 2 + ((length + 3) >> 2)

/** Most metrics that a {@link ReadRow} names, and the words of one that names so many. */
export const MostMetricsRead = 64
export const readRowWords = (names: number): number => 3 + ((names + 1) >> 1)

/**
 * Whether an event was written. `false`: it does not fit the layout, or cannot be read. `undefined`: it fits, but the source
 * may not write, or there is no room; `"refused"`: and it was counted as refused for that. Then nothing that counts was
 * written.
 */
export type Written = boolean | undefined | "refused"

/** Writes an event that is emitted now, which may be anything but has the layout's tag. */
export type RowWrite = (source: RowSource, event: MetricEvent) => Written

/** The codes of strings, each -1 where there is none. See `StringCodes`. */
export interface StringCoding {
  readonly of: (value: string) => number
  /** Of one that came of late: nothing is written for it. */
  readonly recent: (value: string) => number
  /** Of one that hardly ever comes again. */
  readonly briefly: (value: string) => number
}

/** What an encoder writes to: the memory of the page at hand. See `RowWriter`. */
export interface RowMemory {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  /** The memory of all pages that hold rows, if they have one: to generated code, constants. */
  readonly fixed: Views | undefined
  /** The next free word. */
  pos: number
  /** Those of `StreamWords`, where somebody completes what was written when this thread has ended. */
  readonly words: Int32Array | undefined
  /**
   * Opens a run of rows of so many words, with room for one at least; `true`, or why there is none. `asks`: only whether
   * there may be one. That is asked before anything of an event is written, strings included: it may publish, and where the
   * fold is in this thread, that may emit other events.
   */
  readonly beginRun: (source: RowSource, type: number, words: number, asks: boolean) => Written
  readonly strings: StringCoding
  /** Has the integers in these places of the rows of a type widened, and writes the event that needs it. */
  readonly widen: (type: number, places: ReadonlyArray<number>, source: RowSource, event: MetricEvent) => Written
}

/** The memory that a row is read from: the views of its page, and the dictionary. */
export interface Rows {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  /** By code: what is absent has its value at its code. */
  readonly strings: ReadonlyArray<string | null | undefined>
}

/** Reads the event of the row at word `at`. */
export type RowRead = (rows: Rows, at: number) => MetricEvent
