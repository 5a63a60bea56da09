/** A store that somebody else may have written, which answers in time or fails, whatever it does. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { within } from "../util/liveClock.ts"
import type { StateStoreService, StoredSource } from "./stateStore.ts"

/** The stores of this package have shorter limits of their own. */
const Most = Duration.seconds(60)

export const guarded = (store: StateStoreService): StateStoreService => {
  const { place } = store
  const failed = (operation: string, reason: string) => new MetricsStoreError({ store: place, operation, reason })
  const inTime = <A>(operation: string, run: () => Effect.Effect<A, MetricsStoreError>) => {
    const late = () => Effect.fail(failed(operation, `no answer within ${Duration.format(Most)}`))
    return Effect.suspend(run).pipe(
      within(Most, late),
      Effect.catchDefect((defect) => Effect.fail(failed(operation, messageOf(defect))))
    )
  }
  return {
    place,
    write: (write) => inTime("write", () => store.write(write)),
    read: (read) =>
      inTime("read", () =>
        Effect.filterOrFail(store.read(read), isSources, () => failed("read", "its answer is no list of sources"))
      ),
    retire: (retired) => inTime("retire", () => store.retire(retired)),
    forget: (namespace, olderThan) => inTime("forget", () => store.forget(namespace, olderThan))
  }
}

const isSources = (answer: unknown): answer is ReadonlyArray<StoredSource> =>
  Array.isArray(answer) && answer.every(isSource)

const isSource = (value: unknown): boolean => {
  const { age, entries, epoch, sequence, source } = Object(value) as StoredSource
  return (
    typeof source === "string" &&
    [age, epoch, sequence].every(Number.isFinite) &&
    (entries === undefined || entries instanceof Map)
  )
}
