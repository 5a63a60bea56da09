/** One export of data, in a single step. */
import type { Base } from "../../src/internal/formats/otlp/baseWriter.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import { type StreamOptions, Streams, type Timed } from "../../src/internal/formats/otlp/streams.ts"
import { allSteps, type Steps } from "../../src/internal/util/steps.ts"

/** The previous export, empty at first. */
export type Exported = Base | undefined

type Options = Pick<StreamOptions, "adopts" | "begun" | "now" | "temporality"> & {
  readonly unread?: ReadonlySet<number>
}

/** The points of each of the data, and the base for the next export. */
export function* streamSteps(
  all: ReadonlyArray<Timed>,
  exported: Exported,
  { unread = new Set(), ...options }: Options
): Steps<readonly [ReadonlyArray<Streamed>, Base]> {
  let taken: Array<Streamed> = []
  const bases = exported === undefined ? [] : [exported]
  const streams = new Streams({ ...options, bases, take: (metric) => taken.push(metric) })
  yield* streams.readBases()
  const result: Array<Streamed> = []
  for (const each of all) {
    taken = []
    yield* streams.tell(each)
    const isDelta = taken[0]?.isDelta ?? false
    const points = taken.flatMap(({ points }) => points as ReadonlyArray<never>)
    result.push({ ...each.data, isDelta, points } as Streamed)
  }
  return [result, yield* streams.finish(unread)]
}

export const streams = (...args: Parameters<typeof streamSteps>): readonly [ReadonlyArray<Streamed>, Base] =>
  allSteps(streamSteps(...args))
