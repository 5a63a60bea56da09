/**
 * How much of its limits a runtime uses.
 */

/**
 * What is in use of something that has a limit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Usage {
  readonly used: number
  readonly limit: number
}

/**
 * How full the memory, the types and the dictionary of a runtime are, and how often its worker was replaced.
 *
 * @category models
 * @since 0.1.0
 */
export interface RuntimeStats {
  /** The recorders that are registered. */
  readonly recorders: number
  /** How often another worker took the place of one that had ended. 0 in process. */
  readonly restarts: number
  /**
   * Bytes of the pages that hold events or commands which are not folded yet, with the page that is being written. A page
   * is free again when the fold has read it to its end. At the limit, which is `memoryLimit` in whole pages, events wait
   * in the queue of their recorder. Commands may go beyond it.
   */
  readonly memory: Usage
  /**
   * Row types: one for each layout that the events of a recorder have. At the limit, events of further layouts cost more,
   * because they are written as rows of variable width.
   */
  readonly types: Usage
  /**
   * Strings of events, such as labels and names of fields, that have a lasting place in the dictionary which both sides
   * share. They stay as long as the runtime. At the limit further strings take turns: each is written out again with the
   * events that have it.
   */
  readonly strings: Usage
}
