/** States whose definition differs from that of the reader. */

export interface Misfit {
  readonly metric: string
  /** How its definition differs from that of the reader. */
  readonly differences: ReadonlyArray<string>
}

/**
 * A metric whose states are in no total, because their definition differs from that of the reader.
 *
 * @category models
 * @since 0.2.0
 */
export interface LeftOut<out Id = number> extends Misfit {
  /** The ids of running processes with such a state. */
  readonly processes: ReadonlyArray<Id>
  /** The number of ended recorders with such a state. */
  readonly ended: number
}

export const keyOf = ({ differences, metric }: Misfit): string => JSON.stringify([metric, differences])
