import * as Effect from "effect/Effect"
import type { Link } from "../link/link.ts"
import { afterwards } from "../util/deadlines.ts"
import type { Intake } from "./intake.ts"

interface Folded {
  readonly config: { readonly link: Pick<Link, "probe"> }
  readonly intake: Intake
}

/**
 * Runs `giveUp` about a second after the fold has fallen silent, or has made progress without folding any of this
 * recorder's events, which then wait for a hook or a listener. It serves exporters, whose own callers are waiting. A
 * fold without events to fold is making the answer, which takes longer for very many series. Costs next to nothing,
 * unless the read is slow.
 */
export const whenStuck = ({ config, intake }: Folded, giveUp: () => void): (() => void) => {
  const { probe } = config.link
  const folded = (): number => {
    intake.lookAtFold()
    return intake.folded
  }
  const stuck: Effect.Effect<void, unknown> = Effect.suspend(() => {
    const before = folded()
    return Effect.andThen(Effect.andThen(probe, Effect.sleep("700 millis")), () =>
      folded() === before && intake.pending > 0 ? Effect.void : stuck
    )
  })
  let stop = afterwards(300, () => {
    const fiber = Effect.runFork(Effect.andThen(Effect.exit(stuck), Effect.sync(giveUp)))
    stop = () => fiber.interruptUnsafe()
  })
  return () => stop()
}
