/**
 * Views written by hand that are still to be run, each of the state that there was when it was its turn: a reducer makes
 * states anew, so that whoever has one has it as it was. The views of a metric run in the order of those turns.
 */
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { Steps } from "../util/steps.ts"

/** A metric as it was when it was its turn. */
export interface Moment {
  /** Of one written by hand. What folds in place changes. */
  state: unknown
  quarantine: Quarantine | undefined
  /** Events that had come to it, taken or missed. */
  readonly given: number
}

interface MetricOfMoments {
  readonly moment: Moment
}

export interface LaterView<A> {
  /** Runs it, if it was not run yet. */
  readonly run: () => A
  /** Nobody waits for it any more. */
  readonly release: () => void
}

interface Entry {
  readonly metric: MetricOfMoments
  readonly moment: Moment
  readonly run: () => void
}

export class LaterViews {
  #left: Array<Entry> = []

  get isAny(): boolean {
    return this.#left.length > 0
  }

  /** `view`: of the metric as it is now. */
  add<A>(metric: MetricOfMoments, view: (moment: Moment) => A): LaterView<A> {
    let result: { readonly of: A } | undefined
    const { moment } = metric
    const run = (): void => {
      result = { of: view(moment) }
    }
    const entry: Entry = { metric, moment, run }
    this.#left.push(entry)
    return {
      run: () => {
        while (result === undefined) this.#run(this.#left.find((each) => each.metric === metric)!)
        return result.of
      },
      release: () => this.#remove(entry)
    }
  }

  /** Before it is viewed as it is by then. */
  runOf(metric: MetricOfMoments): void {
    for (const entry of this.#left) if (entry.metric === metric) this.#run(entry)
  }

  /** Before the metrics are others. */
  runAll(): void {
    while (this.#left.length > 0) this.#run(this.#left[0]!)
  }

  /** Those that there are. */
  *running(): Steps<void> {
    for (const entry of this.#left) {
      if (!this.#left.includes(entry)) continue
      this.#run(entry)
      yield
    }
  }

  #run(entry: Entry): void {
    const { metric, moment, run } = entry
    const wasInService = moment.quarantine === undefined
    this.#remove(entry)
    run()
    const { given, quarantine, state } = moment
    if (!wasInService || quarantine === undefined) return
    // It was put out before these.
    for (const { metric: other, moment } of this.#left) {
      if (other !== metric) continue
      moment.state = state
      moment.quarantine = { ...quarantine, missed: moment.given - given }
    }
  }

  #remove(entry: Entry): void {
    this.#left = this.#left.filter((each) => each !== entry)
  }
}
