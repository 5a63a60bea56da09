/** Opens the store that a module makes, in the calling thread. */
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { importMetrics } from "../model/importedModules.ts"
import { messageOf } from "../util/describeError.ts"
import { giveUpAfter, within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import { EventStore, type EventStoreService } from "./eventStore.ts"
import { guardedEvents, guardedStates } from "./guarded.ts"
import { packedEvents, packedStates } from "./packing.ts"
import { StateStore, type StateStoreService } from "./stateStore.ts"
import { isStoreModule, type StoreModule } from "./storeModule.ts"

/** The time limit for closing a store. */
const ClosesWithin = "5 seconds"

/** A store as a layer, which has no requirements. */
export type StoreLayer<A = StateStore> = Layer.Layer<A, unknown>

/** A store of states, which answers in time or fails, and stores packed values. */
export const openStates = (
  store: StoreModule | StoreLayer<StateStore>,
  most?: Duration.Input
): Effect.Effect<StateStoreService, MetricsStoreError, Scope.Scope> =>
  Effect.map(openStore(store, StateStore, most), (service) => packedStates(guardedStates(service)))

/** The same for events. */
export const openEvents = (
  store: StoreModule | StoreLayer<EventStore>,
  most?: Duration.Input
): Effect.Effect<EventStoreService, MetricsStoreError, Scope.Scope> =>
  Effect.map(openStore(store, EventStore, most), (service) => packedEvents(guardedEvents(service)))

/**
 * The service of a store until the scope closes. A store of this package does not connect here: one that cannot be
 * reached fails when it is used. Another store may connect, within `most`.
 */
const openStore = <I, S>(
  store: StoreModule | StoreLayer<I>,
  tag: Context.Key<I, S>,
  most: Duration.Input = "30 seconds"
): Effect.Effect<S, MetricsStoreError, Scope.Scope> => {
  const isModule = isStoreModule(store)
  const failed = (cause: unknown) =>
    new MetricsStoreError({ store: isModule ? store.url : "layer", operation: "open", reason: messageOf(cause) })
  const late = () => Effect.fail(new Error(`it was not built within ${durationText(most)}`))
  return Effect.flatMap(isModule ? layerOf<I>(store) : Effect.succeed(store), built).pipe(
    within(most, late),
    Effect.flatMap((context) =>
      Option.match(Context.getOption(context, tag), {
        onNone: () => Effect.fail(new Error(`its layer does not provide ${tag.key}`)),
        onSome: Effect.succeed
      })
    ),
    Effect.mapError((error) => (error instanceof MetricsStoreError ? error : failed(error))),
    Effect.catchDefect((defect) => Effect.fail(failed(defect))),
    Effect.catchCauseIf(Cause.hasInterruptsOnly, () => Effect.fail(failed("it was interrupted")))
  )
}

/** Its resources are released when the scope closes, within a short limit. */
const built = <I>(layer: StoreLayer<I>): Effect.Effect<Context.Context<I>, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => giveUpAfter(ClosesWithin)(Scope.close(scope, exit)))
    return yield* Scope.provide(Layer.build(layer), scope)
  })

const layerOf = <A>({ settings, url }: StoreModule): Effect.Effect<StoreLayer<A>, MetricsStoreError> => {
  const failed = (reason: string) => new MetricsStoreError({ store: url, operation: "open", reason })
  const imported = Effect.tryPromise({
    try: () => importMetrics({ path: url, by: "MetricsStore" }, () => import(url)),
    catch: (cause) => failed(`the module could not be imported: ${messageOf(cause)}`)
  })
  return Effect.andThen(refuseProgram(url), imported).pipe(
    Effect.flatMap((module) => {
      const made = Predicate.hasProperty(module, "layer") && typeof module.layer === "function" ? module : undefined
      if (made === undefined) return Effect.fail(failed("the module does not export a function `layer`"))
      const layer: unknown = (made.layer as (settings: unknown) => unknown)(settings)
      return Layer.isLayer(layer)
        ? Effect.succeed(layer as StoreLayer<A>)
        : Effect.fail(failed("the `layer` of the module did not return a Layer"))
    })
  )
}

/** Fails for the file that Node was started with, which only the main thread knows: each worker would run it. */
export const refuseProgram = (url: string): Effect.Effect<void, MetricsStoreError> =>
  Effect.suspend(() => {
    if (!isProgram(url)) return Effect.void
    const reason =
      "the module is the program itself, which each worker would run. Move the store to a module of its own"
    return Effect.fail(new MetricsStoreError({ store: url, operation: "open", reason }))
  })

const isProgram = (url: string): boolean => {
  try {
    return realpathSync(fileURLToPath(url)) === realpathSync(process.argv[1] ?? "")
  } catch {
    return false
  }
}
