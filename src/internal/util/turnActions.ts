/**
 * Actions for the next turn of the event loop, in order. An action that fails does not stop the others. Among the tasks
 * of a dispatcher it would, because they are discarded together.
 */
import type { SchedulerDispatcher } from "effect/Scheduler"

export class TurnActions {
  readonly #dispatcher: SchedulerDispatcher
  #due: Array<() => void> = []
  #isScheduled = false

  constructor(dispatcher: SchedulerDispatcher) {
    this.#dispatcher = dispatcher
  }

  readonly add = (action: () => void): void => {
    this.#due.push(action)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#dispatcher.scheduleTask(this.#run, 0)
    this.#isScheduled = true
  }

  readonly #run = (): void => {
    this.#isScheduled = false
    const due = this.#due
    this.#due = []
    let done = 0
    try {
      while (done < due.length) due[done++]!()
    } finally {
      if (done < due.length) {
        this.#due = [...due.slice(done), ...this.#due]
        this.#schedule()
      }
    }
  }
}
