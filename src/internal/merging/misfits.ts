/** States whose definition differs from that of whoever adds them up. */

export interface Misfit {
  readonly metric: string
  /** In what its definition differs from that of whoever adds up. */
  readonly differences: ReadonlyArray<string>
}

/**
 * States that are in no total, because their definition differs from that of the reader.
 *
 * @category models
 * @since 0.2.0
 */
export interface LeftOut<out Id = number> extends Misfit {
  /** The ids of the running processes that have such a state. */
  readonly processes: ReadonlyArray<Id>
  /** How many recorders with such a state have ended. */
  readonly ended: number
}

export const keyOf = ({ differences, metric }: Misfit): string => JSON.stringify([metric, differences])
