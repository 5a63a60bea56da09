/**
 * The format of a batch, which a process sends to have its events folded elsewhere: words of 8 bytes, in the byte order
 * of the machines that Node runs on.
 *
 * A batch is self-contained: it declares every string, layout, metric and recorder that its events refer to. It begins
 * with two words, with {@link Magic} and {@link Format} in the first and nothing in the second, followed by records.
 * The first word of a record contains its kind in the first half and its number of words in the second, so that a
 * reader can skip an unknown kind.
 *
 * Events of a recorder carry their sequence numbers. Every number up to the last is accounted for by a {@link Run}, an
 * {@link Event} or a {@link Gap}. A reader that reads batches again, or in other portions, therefore knows what it has
 * read, and knows what is missing if it has lost one.
 */

/** "MVXB" */
export const Magic = 0x4d56_5842
export const Format = 1
export const HeadWords = 2

/** A string: its code and its length; then its UTF-16 code units. Valid until the code is declared again. */
export const Text = 1
/** A layout: its number and its length in bytes; then its serialised form from `v8.serialize`. */
export const LayoutOf = 2
/** Metrics of a recorder: their number and length in bytes; then their serialised form from `v8.serialize`. */
export const Metrics = 3
/**
 * A recorder: its lane and the number of its metrics; its life; the length of its id and 1 for {@link Replayed}; then
 * its UTF-16 code units. Valid for the records after it. Every recorder is declared when it is made, so lives come in
 * order.
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
 * What follows may have been written before, by a worker that has ended. A recorder that is unknown and older than a
 * known one has ended in that case.
 */
export const Replayed = 1

const Further = "~"

/** The id under which a retired source continues, with the sequence numbers of its recorders. */
export const nextSource = (source: string): string => {
  const [first, number] = source.split(Further)
  return `${first}${Further}${Number(number ?? 0) + 1}`
}

/** The previous id of a source, if it has continued under another one. */
export const previousSource = (source: string): string | undefined => {
  const [first, number] = source.split(Further)
  if (number === undefined) return undefined
  return Number(number) === 1 ? first! : `${first}${Further}${Number(number) - 1}`
}

/** A metric of a recorder in a batch. */
export type MetricEntry = readonly [name: string, epoch: number, measured: string]
