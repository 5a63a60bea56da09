import * as Effect from "effect/Effect"
import { InvalidArgument } from "../MetricsError.ts"

/** What `make` gives. An `InvalidArgument` that it throws is a typed failure, anything else a defect. */
export const refusing = <A>(make: () => A): Effect.Effect<A, InvalidArgument> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (cause) {
      return cause instanceof InvalidArgument ? Effect.fail(cause) : Effect.die(cause)
    }
  })
