// Exporters abandon a read that the fold does not reach, and no other.
import { expect, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { whenStuck } from "../../src/internal/recorder/whenStuck.ts"

/** Whether a read is given up within some seconds. `foldsMore`: the fold goes on with events of this recorder. */
const isGivenUp = async (intake: { readonly pending: number; readonly foldsMore: boolean }, probe = Effect.void) => {
  vi.useFakeTimers()
  try {
    const giveUp = vi.fn()
    let folded = 0
    const lookedAt = { pending: intake.pending, lookAtFold: () => {}, folded: 0 }
    Object.defineProperty(lookedAt, "folded", { get: () => (intake.foldsMore ? ++folded : folded) })
    const stop = whenStuck({ config: { link: { probe } }, intake: lookedAt as never }, giveUp)
    await vi.advanceTimersByTimeAsync(5000)
    stop()
    return giveUp.mock.calls.length > 0
  } finally {
    vi.useRealTimers()
  }
}

it.each([
  ["whose events wait for a hook or a listener", { pending: 3, foldsMore: false }, true],
  ["whose events are being folded", { pending: 3, foldsMore: true }, false],
  ["that is being answered, which takes long for very many series", { pending: 0, foldsMore: false }, false]
])("a read is abandoned only if it is stuck: the recorder %s", async (_, intake, expected) => {
  expect(await isGivenUp(intake)).toBe(expected)
})

it("a read of a fold that does not answer at all is abandoned", async () => {
  expect(await isGivenUp({ pending: 0, foldsMore: false }, Effect.fail("silent") as never)).toBe(true)
})
