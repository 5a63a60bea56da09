/** Appends the events of a fold in this thread to a store. */
import * as Effect from "effect/Effect"
import type { RuntimeFailed } from "../model/runtimeErrors.ts"
import { openShipper } from "../shipping/openShipper.ts"
import type { ShippingSettings } from "../stream/workerMessages.ts"
import type { ShippingFold } from "./inProcess.ts"

export const shipInProcess = (settings: ShippingSettings): ShippingFold<RuntimeFailed> => ({
  open: (fold, onRoom) =>
    openShipper(settings, (make) => {
      const shipper = make({
        send: (message) => fold.send(message),
        // If this thread ends, nothing is left that could send the events.
        save: () => {},
        allocate: (bytes) => new ArrayBuffer(bytes),
        beside: (effect) => void Effect.runFork(effect),
        onRoom
      })
      fold.tap = shipper.writer
      fold.onShip = (ticket, ends) => shipper.ship(ticket, ends)
      return shipper
    })
})
