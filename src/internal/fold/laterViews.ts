/**
 * Hand-written views that still must run, each for the state at its place in the stream. A reducer returns new states,
 * so a reference keeps the state as it was. The views of a metric run in the order of their places.
 */
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { Steps } from "../util/steps.ts"

/** A metric as of its place in the stream. */
export interface Moment {
  /** Only for a hand-written metric. Metrics that fold in place change their state. */
  state: unknown
  quarantine: Quarantine | undefined
  /** The number of events that it had got, taken or missed. */
  readonly given: number
}

interface MetricOfMoments {
  readonly moment: Moment
}

export interface LaterView<A> {
  /** Runs the view, unless it has run already. */
  readonly run: () => A
  /** Releases the view, whose result is no longer wanted. */
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

  /** Called before the metric is viewed in its state at that time. */
  runOf(metric: MetricOfMoments): void {
    for (const entry of this.#left) if (entry.metric === metric) this.#run(entry)
  }

  /** Called before the metrics are replaced. */
  runAll(): void {
    while (this.#left.length > 0) this.#run(this.#left[0]!)
  }

  /** Runs the existing ones in steps. */
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
    // It was quarantined before these.
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
