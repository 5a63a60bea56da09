/**
 * The encoding of plain data of any shape: a sequence of 32-bit halves, self-describing except for the codes of
 * strings.
 *
 * A value begins with one half: its kind in the lower bits, and above them a number whose meaning depends on the kind.
 * Both threads must agree on this file, as on the row format.
 */

/** The number is one of the constants below. */
export const Constant = 0
/** The number is the value. */
export const Integer = 1
/** A 64-bit float follows, in two halves. */
export const Float = 2
/** The number is the code of a string in the dictionary. */
export const Code = 3
/** The number is a count of UTF-16 code units, which follow. */
export const Text = 4
/** The number is a length; that many values follow. */
export const List = 5
/** The number is a count of fields; that many pairs of a string and a value follow. */
export const Fields = 6
/** The number is a count of entries; that many pairs of values follow. */
export const Entries = 7
/** The number is a count; that many values follow. */
export const Members = 8
/** The time of a date follows, as a 64-bit float. */
export const Time = 9
/** A bigint of 64 bits follows. */
export const Big = 10
/** A larger bigint: its hexadecimal digits follow, as a string. */
export const Digits = 11
/** The number is a count of bytes, which follow: an `ArrayBuffer`. */
export const Memory = 12
/** A view of binary data: the name of its class, its offset and its length follow, then its memory. */
export const View = 13
/** A boxed primitive, which follows. */
export const Boxed = 14
/** The source and the flags of a regular expression follow. */
export const Pattern = 15
/** The name of its class, its message, its stack and its cause follow. */
export const Failure = 16

/** An object: the number is the code of a list of names. A value for each of them follows, in that order. */
export const Named = 17
/** The same, and after the values the {@link Fields} that are not in the list. */
export const PartlyNamed = 18

export const KindBits = 5
export const KindMask = (1 << KindBits) - 1

/** The integers that fit above the kind. */
export const LeastInteger = -(2 ** (31 - KindBits))
export const MostInteger = 2 ** (31 - KindBits) - 1

/** Whether a number is one of them. -0 is not. */
export const isSmallInteger = (value: number): boolean =>
  (value | 0) === value && value >= LeastInteger && value <= MostInteger && !Object.is(value, -0)

// The constants.
export const IsUndefined = 0
export const IsNull = 1
export const IsFalse = 2
export const IsTrue = 3
/** An element of a list, or a property, that is missing. */
export const IsAbsent = 4

/** The number of halves in a string with this number of code units. */
export const textHalves = (length: number): number => 1 + ((length + 1) >> 1)

/** Converts between a 64-bit value and its halves. It holds no state. */
const halves = new Int32Array(2)
export const conversion = {
  halves,
  float: new Float64Array(halves.buffer),
  bigint: new BigInt64Array(halves.buffer)
}
