/** One way of measuring the same events. */
export interface Contender {
  readonly name: string
  /** Does the work of this many events, in one synchronous loop. */
  readonly work: (events: number) => void
  /** Lets what goes on in the background come to its end. */
  readonly settle?: () => Promise<void>
  /** How many events it has counted since it was made, by its own books. */
  readonly counted?: () => Promise<number>
}
