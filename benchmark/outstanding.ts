/** The most events that were seen accepted and not folded, as a part of the capacity. */
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import { type Figures, mostOutstanding } from "./part.ts"

export class Outstanding {
  most = 0

  look(recorder: RecorderService): void {
    const { capacity, pending } = Effect.runSync(recorder.stats)
    this.most = Math.max(this.most, pending / capacity)
  }

  get figures(): Figures {
    return { [mostOutstanding]: this.most }
  }
}

/** Events that a recorder has refused so far. */
export const refusedBy = (recorder: RecorderService): number => Effect.runSync(recorder.stats).refused
