/**
 * The services that layers and statics of this package take from the context. The types require them; a program in
 * JavaScript, or one that casts, gets an error that names what to provide.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidArgument } from "../model/usageErrors.ts"
import type { RuntimeService } from "./service.ts"

/** The service of a tag. `name` and `reason` are those of the error if it is missing. */
export const provided = <I, S>(tag: Context.Key<I, S>, name: string, reason: string): Effect.Effect<S, never, I> =>
  Effect.flatMap(
    Effect.serviceOption(tag),
    Option.match({
      onNone: () => Effect.die(new InvalidArgument({ argument: name, reason })),
      onSome: (service) => Effect.succeed(service)
    })
  )

/** The runtime; `tag` is `MetricsRuntime`. */
export const providedRuntime = <I>(tag: Context.Key<I, RuntimeService>): Effect.Effect<RuntimeService, never, I> =>
  provided(
    tag,
    "MetricsRuntime",
    "is not provided. Provide MetricsLayer.layerWorker({ namespace }) or MetricsLayer.layerInProcess({ namespace })"
  )
