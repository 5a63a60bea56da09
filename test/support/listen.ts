import { Effect, Stream } from "effect"
import type { Snapshot } from "mvx-metrics"

/**
 * Listens to a stream of changes in a fiber of its own, which ends with the stream. It has subscribed when this
 * returns. `onChange` runs for each change before the next is taken.
 */
export const listen = <E>(
  changes: Stream.Stream<Snapshot.MetricChange, E>,
  onChange: (change: Snapshot.MetricChange) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function* () {
    const heard: Array<Snapshot.MetricChange> = []
    const fiber = yield* changes.pipe(
      Stream.runForEach((change) => {
        heard.push(change)
        return onChange(change)
      }),
      Effect.forkScoped({ startImmediately: true })
    )
    return { heard, fiber }
  })
