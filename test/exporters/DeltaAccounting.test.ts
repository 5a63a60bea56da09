// Deltas of the self-metrics of recorders that are created and removed during exports.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { Batches, type Told } from "../../src/internal/exporters/otlp/batches.ts"
import type { NumberPoint } from "../../src/internal/formats/metricData.ts"
import type { Interval, Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Timed } from "../../src/internal/formats/otlp/streams.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { done } from "../support/exported.metrics.ts"
import { ScriptedCollector } from "../support/scriptedCollector.ts"
import { pointsIn, scripted } from "../support/scriptedExport.ts"

describe("a recorder removed while its metrics are encoded on another thread", () => {
  const accepted = (value: number): Timed => ({
    data: { name: "accepted", type: "sum", monotonic: true, points: [{ attributes: {}, value }] } as never,
    since: 1,
    owner: 7,
    subject: "conn",
    life: "7"
  })

  it.each([
    ["still exists", [accepted(7)]],
    ["is gone", []]
  ])("is exported once, whether it %s when they arrive", (_, atTheEnd) => {
    const batches = new Batches<{ readonly told: Told }>("delta", 0n)
    let now = 10n
    const arrived: Array<readonly [start: bigint, end: bigint, value: number]> = []
    const send = (all: ReadonlyArray<Timed>, meanwhile: () => void = () => {}): void => {
      const { asked } = batches
      meanwhile()
      batches.read({ all, unread: new Set() }, { ...asked, base: undefined, encoded: [] })
      const take = ({ points }: Streamed): void => {
        for (const { end, point, start } of points as ReadonlyArray<Interval<NumberPoint>>) {
          arrived.push([start, end, point.value])
        }
      }
      now += 10_000_000n
      batches.delivered(allSteps(batches.next(now, false, take)))
    }
    send([accepted(5)])
    send(atTheEnd, () => batches.left([{ ...accepted(7), until: now + 1n }]))
    send([])
    send([])
    expect(arrived).toEqual([
      [1_000_000n, 10_000_010n, 5],
      [10_000_010n, 10_000_011n, 2]
    ])
  })
})

describe("a recorder made again under a used id", () => {
  it.effect("starts its accounting at its creation, also if an export in between had neither recorder", () => {
    const collector = new ScriptedCollector([])
    return Effect.scoped(
      scripted(
        collector,
        { url: "http://collector/v1/metrics", temporality: "delta" },
        ({ flush, make, pass, runtime, through }) =>
          Effect.gen(function* () {
            const made: Array<number> = []
            yield* pass(1000)
            for (const count of [2, 3]) {
              made.push(yield* Clock.currentTimeMillis)
              const recorder = yield* make
              for (let i = 0; i < count; i++) yield* recorder.emit(done(1))
              yield* pass(1000)
              yield* through(flush)
              yield* runtime.stopAndRemoveRecorder("one")
              for (let exports = 0; exports < 2; exports++) yield* through(flush)
              yield* pass(1000)
            }
            const told = collector.taken.flatMap((each) => pointsIn(each, "mvx_metrics.events.accepted"))
            expect(told.map(({ asDouble, startTimeUnixNano }) => [Number(startTimeUnixNano) / 1e6, asDouble])).toEqual([
              [made[0], 2],
              [made[1], 3]
            ])
            const [first, second] = told.map(({ startTimeUnixNano, timeUnixNano }) => ({
              start: BigInt(startTimeUnixNano!),
              end: BigInt(timeUnixNano!)
            }))
            expect(second!.start).toBeGreaterThanOrEqual(first!.end)
          })
      )
    )
  })
})
