/**
 * How events lie in a batch, which is what a process sends to be folded elsewhere. As words of 8 bytes, in the order of
 * the bytes of the machines that Node runs on.
 *
 * A batch can be read by itself: it declares every string, layout, metric and recorder that its events refer to. It
 * begins with two words, {@link Magic} and {@link Format} in the first and nothing in the second, and goes on with
 * records. The first word of a record has its kind in the first half and its number of words in the second, so that a
 * reader can pass over a kind that it does not know.
 *
 * Events of a recorder carry the sequence numbers that it gave them. Every number up to the last is accounted for by
 * a {@link Run}, an {@link Event} or a {@link Gap}, so that whoever reads batches again, or in other portions, knows what it
 * has had, and whoever has lost one knows what is missing.
 */

/** "MVXB" */
export const Magic = 0x4d56_5842
export const Format = 1
export const HeadWords = 2

/** A string: its code and its length; then its UTF-16 code units. It holds until the code is declared again. */
export const Text = 1
/** A layout: its number and its length in bytes; then what `v8.serialize` makes of it. */
export const LayoutOf = 2
/** Metrics of a recorder: their number and length in bytes; then what `v8.serialize` makes of them. */
export const Metrics = 3
/**
 * A recorder: its lane and the number of its metrics; its life; the length of its id and 1 for {@link Replayed}; then its
 * UTF-16 code units. Holds for the records behind it. Every recorder comes when it is made, so that lives come in order.
 */
export const Recorder = 4
/** Rows: lane and layout; how many; the sequence number of the first one; their time; then the rows. */
export const Run = 5
/** An event of any shape: lane and halves; its sequence number; its time; then the event, see `plainData.ts`. */
export const Event = 6
/** Sequence numbers without events: lane and {@link Ignored} or {@link Evicted}; the number before the first; the last one. */
export const Gap = 7
/** The recorder was removed: lane and the length of an id, or -1; its last sequence number; UTF-16 code units of the id. */
export const Closed = 8

/** No metric of the recorder reads them. */
export const Ignored = 0
/** The recorder evicted them before they were folded. */
export const Evicted = 1

/**
 * What is written now may have been written before, by a worker that has ended. A recorder that is not known and older than
 * one that is has ended then.
 */
export const Replayed = 1

const Further = "~"

/** The id under which a source goes on that was retired: the sequence numbers of its recorders do so as well. */
export const nextSource = (source: string): string => {
  const [first, number] = source.split(Further)
  return `${first}${Further}${Number(number ?? 0) + 1}`
}

/** The id under which a source was before, if it has gone on. */
export const previousSource = (source: string): string | undefined => {
  const [first, number] = source.split(Further)
  if (number === undefined) return undefined
  return Number(number) === 1 ? first! : `${first}${Further}${Number(number) - 1}`
}

/** A metric of a recorder as a batch has it. */
export type MetricEntry = readonly [name: string, epoch: number, measured: string]
