/**
 * The layout of events in memory, in words of 8 bytes. This file contains only what both threads must agree on.
 *
 * A stream consists of runs. A run begins with one word, which contains its lane and its type. A type below {@link
 * FirstLayout} belongs to the stream itself. Other types are layouts, declared by a {@link LayoutRow}: the upper half
 * of the type is then a count, and that many rows of the layout follow, all of them events of that lane. Events carry
 * no time of their own; a row of the stream announces each change of the time.
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
/** An event that no metric reads. One word. */
export const ForeignEventRow = 2
/** An entry of the dictionary. Words: header (the first half is the id), length (first half), UTF-16 code units. */
export const StringRow = 3
/** The stream continues in the page whose number is in the first half. One word. */
export const PageEndRow = 4
/** The events from here on were emitted at the time in the second word. */
export const TimeRow = 5
/** A layout, for the type in the first half. Plain data, in as many words as the upper half of the type says. */
export const LayoutRow = 6
/**
 * The lane in the first half continues after the sequence number in the second word. What came before it was evicted.
 */
export const SkipRow = 7
/**
 * A read of snapshots of the lane in the first half. Words: header (the upper half of the type is the number of metrics
 * that are read, 0 for all), time (a 64-bit float), number of the request (first half), codes of their names (halves).
 */
export const ReadRow = 8
/**
 * A list of names, with the code in the first half: the list whose code is in the second word's first half, extended by
 * one string.
 */
export const NamesRow = 9
/**
 * In the stream of an attached thread: the command with the number in the first half comes before what follows. One
 * word.
 */
export const WaitRow = 10
/** The first type that is a layout. */
export const FirstLayout = 16

/** The type of a run is in the lower bits of its second half, the count in the upper ones. */
export const TypeBits = 16
export const TypeMask = (1 << TypeBits) - 1

/** The maximum number of layouts that have types in a stream at a time. */
export const MostTypes = TypeMask + 1 - FirstLayout

/**
 * Codes of fields that take a 32-bit half. Absent values have codes of their own; strings and literals have theirs from
 * {@link FirstCode} on.
 */
export const Present = 0
export const Missing = 1
export const Undefined = 2
export const Null = 3
export const FirstCode = 4

/**
 * Strings that are too many or too long for the dictionary share the first codes in turn. A row has fewer strings than
 * that.
 */
export const PassingStrings = 64
/** The first code of a lasting string, and the maximum number of lasting strings. */
export const FirstLasting = FirstCode + PassingStrings
export const LastingStrings = 65_536
/**
 * The maximum number of UTF-16 code units of a lasting string, and of any string in a row of fixed width. Such a row
 * contains no more than an event may contain, so the limit is the same for all rows.
 */
export const LastingLength = 256
export const RowStringLength = 1024

/**
 * The maximum number of lists of names that have a code, and of names in a list. Properties beyond it are written with
 * their names.
 */
export const MostNameLists = 4096
export const MostNames = 32

/** The number of words in a row that carries a string of `length` code units. */
export const stringRowWords = (length: number): number => 2 + ((length + 3) >> 2)

/** The maximum number of metrics that a {@link ReadRow} names, and the number of words in a row with that many. */
export const MostMetricsRead = 64
export const readRowWords = (names: number): number => 3 + ((names + 1) >> 1)

/**
 * Whether an event was written. `false`: it does not fit the layout, or cannot be read. `undefined`: it fits, but the
 * source may not write, or there is no room. `"refused"`: for one of these reasons it was counted as refused. In all
 * three cases nothing that counts was written.
 */
export type Written = boolean | undefined | "refused"

/** Writes an event that is emitted now. The value can be anything with the layout's tag. */
export type RowWrite = (source: RowSource, event: MetricEvent) => Written

/** The codes of strings, or -1 if there is none. See `StringCodes`. */
export interface StringCoding {
  readonly of: (value: string) => number
  /** For a recent string. Nothing is written for it. */
  readonly recent: (value: string) => number
  /** For a string that rarely repeats. */
  readonly briefly: (value: string) => number
}

/** What an encoder writes to: the memory of the current page. See `RowWriter`. */
export interface RowMemory {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  /** The memory of all pages that hold rows, if they share one. Generated code treats it as constant. */
  readonly fixed: Views | undefined
  /** The next free word. */
  pos: number
  /** Those of `StreamWords`, if another thread completes what was written when this thread has ended. */
  readonly words: Int32Array | undefined
  /**
   * Opens a run of rows with this number of words, with room for at least one. Returns `true`, or the reason why not.
   * `asks`: only checks whether there may be one. This is checked before anything of an event is written, strings
   * included, because the check may publish, and if the fold is in this thread, that may emit other events.
   */
  readonly beginRun: (source: RowSource, type: number, words: number, asks: boolean) => Written
  readonly strings: StringCoding
  /** Widens the integers at these places of the rows of a type, and writes the event that needs it. */
  readonly widen: (type: number, places: ReadonlyArray<number>, source: RowSource, event: MetricEvent) => Written
}

/** The memory that a row is read from: the views of its page, and the dictionary. */
export interface Rows {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  /** By code. For codes of absent values, the value that stands for the absence. */
  readonly strings: ReadonlyArray<string | null | undefined>
}

/** Reads the event of the row at word `at`. */
export type RowRead = (rows: Rows, at: number) => MetricEvent
