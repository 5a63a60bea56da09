// The lanes of a link: one for each recorder, for its lifetime.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeInProcessLink } from "../../src/internal/link/inProcess.ts"
import type { LaneListener } from "../../src/internal/link/link.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"

const listener: LaneListener = {
  recorderId: "a",
  entityId: "a",
  capacity: 1,
  metricAt: () => undefined,
  metrics: [],
  written: 0,
  onMessage: () => {},
  seen: 0,
  awaits: () => false,
  onPart: () => false,
  forgetParts: () => {},
  onClosed: () => {},
  onFailure: () => {}
}

it.live("the lane of a removed recorder is reused, cleared, once the fold has closed it", () =>
  Effect.gen(function* () {
    const link = yield* makeInProcessLink(2 * PageBytes)
    const [, second] = [link.openLane(listener), link.openLane(listener), link.openLane(listener)]
    second!.counters.applied = 3
    second!.counters.ignored = 4
    second!.close()
    expect(link.openLane(listener).lane, "it is not closed yet").toBe(3)
    yield* link.probe
    const again = link.openLane(listener)
    expect(again.lane).toBe(1)
    expect([again.counters.applied, again.counters.ignored]).toEqual([0, 0])
    // It was closed: this is nothing.
    second!.close()
    yield* link.probe
    expect(link.openLane(listener).lane).toBe(4)
  }).pipe(Effect.scoped)
)
