/** Opens the store of events of a runtime, in the thread of its fold. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { RuntimeFailed } from "../model/runtimeErrors.ts"
import type { EventStore } from "../store/eventStore.ts"
import { openEvents, type StoreLayer } from "../store/openStore.ts"
import type { StoreModule } from "../store/storeModule.ts"
import type { ShippingSettings } from "../stream/workerMessages.ts"
import { Shipper, type ShipperOptions } from "./shipper.ts"

/** The thread in which the fold runs. */
export type ShippingThread = Omit<ShipperOptions, "store" | "settings">

/** `attach`: makes the shipper in the thread of the fold, before anything is folded. */
export const openShipper = Effect.fnUntraced(function* (
  settings: ShippingSettings,
  attach: (make: (thread: ShippingThread) => Shipper) => Shipper
): Effect.fn.Return<Shipper, RuntimeFailed, Scope.Scope> {
  const { namespace } = settings
  const store = yield* Effect.mapError(
    openEvents(settings.store as StoreModule | StoreLayer<EventStore>),
    (cause) => new RuntimeFailed({ namespace, cause })
  )
  const shipper = attach((thread) => new Shipper({ ...thread, store, settings }))
  yield* Effect.addFinalizer(() => Effect.sync(() => shipper.stop()))
  return shipper
})
