/** A store that somebody else may have written, which answers in time or fails, whatever it does. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { withLiveClock } from "../util/liveClock.ts"
import type { StateStoreService } from "./stateStore.ts"

/** The stores of this package have shorter limits of their own. */
const Most = Duration.seconds(60)

export const guarded = (store: StateStoreService): StateStoreService => {
  const { place } = store
  const inTime = <A>(operation: string, run: () => Effect.Effect<A, MetricsStoreError>) => {
    const failed = (reason: string) => new MetricsStoreError({ store: place, operation, reason })
    const late = Effect.suspend(() => Effect.fail(failed(`no answer within ${Duration.format(Most)}`)))
    return Effect.raceFirst(Effect.suspend(run), Effect.andThen(withLiveClock(Effect.sleep(Most)), late)).pipe(
      Effect.catchDefect((defect) => Effect.fail(failed(messageOf(defect))))
    )
  }
  return {
    place,
    write: (write) => inTime("write", () => store.write(write)),
    read: (read) => inTime("read", () => store.read(read)),
    retire: (retired) => inTime("retire", () => store.retire(retired)),
    forget: (namespace, olderThan) => inTime("forget", () => store.forget(namespace, olderThan))
  }
}
