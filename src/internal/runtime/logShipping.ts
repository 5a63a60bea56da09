/** What a runtime logs of the events that it appends to a store. */
import type * as Effect from "effect/Effect"
import type { ShippingProgress } from "../link/shippingEnd.ts"
import type { Log } from "../recorder/logging.ts"

export const logShipping = (
  log: Log,
  { failure, isFull }: Pick<ShippingProgress, "failure" | "isFull">
): Effect.Effect<void> => {
  if (isFull) {
    const why = failure === undefined ? "no aggregator has committed them, or not for as long as grace" : failure
    return log.warning(
      `the events that are kept for their store fill its memoryLimit, and its overflow policy applies: ${why}. Start the store, or an aggregator`
    )
  }
  return failure === undefined
    ? log.lifecycle("events are appended to their store again")
    : log.warning(`events cannot be appended to their store, and are kept: ${failure}`)
}
