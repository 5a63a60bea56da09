/**
 * The runtime of the layers of this package. Types say that there is one; a program in JavaScript, or one that casts, is
 * told what to provide.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidArgument } from "../../MetricsError.ts"
import { MetricsRuntime, type RuntimeService } from "../../MetricsRuntime.ts"

const reason =
  "is not provided. Provide MetricsLayer.layerWorker({ namespace }) or MetricsLayer.layerInProcess({ namespace })"

export const providedRuntime: Effect.Effect<RuntimeService, never, MetricsRuntime> = Effect.flatMap(
  Effect.serviceOption(MetricsRuntime),
  Option.match({
    onNone: () => Effect.die(new InvalidArgument({ argument: "MetricsRuntime", reason })),
    onSome: Effect.succeed
  })
)
