/**
 * Limits how much of the answers may be on its way to another thread. Everything that arrives in one turn of its event
 * loop is received in that turn, so the limit applies to all reads together, and what was received makes room in the
 * next turn.
 */
import { PartValues } from "../stream/answerParts.ts"

/** A part is received while the next one is made. */
const MostOnWay = 2 * PartValues

export class AnswerRoom {
  #sent = 0
  #taken = 0
  readonly #waiting = new Set<() => void>()

  get isFull(): boolean {
    return this.#sent - this.#taken >= MostOnWay
  }

  /** Counts values that were sent. */
  sent(values: number): void {
    this.#sent += values
  }

  /** Runs `goOn` once, when there may be room. */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn)
  }

  /** Sets how many values have arrived in all. */
  taken(values: number): void {
    this.#taken = values
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const goOn of waiting) goOn()
  }
}
