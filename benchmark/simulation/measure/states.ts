/** What the states of a process take, and what a reader does with them: with the code that applications run. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Metric, MetricsRuntime } from "mvx-metrics"
import { MetricsStore, type SourceWrite, StateStore, type StateStoreService } from "mvx-metrics/MetricsStore"
import { cpuNanos, median } from "../../measure.ts"
import { type Kind, metrics } from "../kinds.ts"
import { byKind } from "./byKind.ts"
import { namespace, recorded } from "./recorded.ts"

/** Bytes of what a process writes; milliseconds of the reader for one that has changed, and for each that is there. */
export type StateCosts = Effect.Success<typeof measureStates>

const Sources = 40
const Rounds = 25
const WarmUps = 4

const failed = Effect.die("not used")
const unused = {
  place: "measured",
  write: () => failed,
  read: () => failed,
  retire: () => failed,
  forget: () => failed
}

/** All that a process writes with these metrics. */
export const writeOf = (of: ReadonlyArray<Metric.Any>, series: number): Effect.Effect<SourceWrite, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { runtime } = yield* recorded(of, series)
      let last: SourceWrite | undefined
      const store: StateStoreService = {
        ...unused,
        write: (write) =>
          Effect.sync(() => {
            if (write.base === undefined) last = write
            return "written"
          })
      }
      yield* Layer.build(MetricsStore.layer({ store: Layer.succeed(StateStore, store), every: "1 hour" })).pipe(
        Effect.provideService(MetricsRuntime, runtime)
      )
      yield* runtime.flush()
      return last!
    })
  )

const bytesOf = ({ entries }: SourceWrite): number =>
  [...entries].reduce((sum, [key, bytes]) => sum + key.length + bytes.byteLength, 0)

/** Processor time of reports on sources that have all written this: where all have changed, and where none has. */
const reportsOn = Effect.fnUntraced(function* (
  kind: Kind,
  { entries }: SourceWrite
): Effect.fn.Return<{ readonly changed: number; readonly same: number }, unknown, Scope.Scope> {
  let sequence = 1
  const store: StateStoreService = {
    ...unused,
    read: ({ known }) =>
      Effect.sync(() =>
        Array.from({ length: Sources }, (_, i) => {
          const source = `source-${i}`
          const isKnown = known.get(source)?.sequence === sequence
          const version = { source, epoch: 1, sequence, age: 0, hasEnded: false, isLasting: false }
          return { ...version, entries: isKnown ? undefined : entries }
        })
      )
  }
  const reader = yield* MetricsStore.makeReader({
    store: Layer.succeed(StateStore, store),
    namespace,
    metrics: [metrics[kind]],
    retires: false
  })
  const report = Effect.gen(function* () {
    const before = cpuNanos()
    const { sources } = yield* reader.report
    if (sources.length !== Sources) throw new Error(`${sources.length} sources were read`)
    return (cpuNanos() - before) / 1e6
  })
  const rounds: Array<{ readonly changed: number; readonly same: number }> = []
  for (let round = 0; round < Rounds; round++) {
    sequence++
    rounds.push({ changed: yield* report, same: yield* report })
  }
  const counted = rounds.slice(WarmUps)
  return { changed: median(counted.map(({ changed }) => changed)), same: median(counted.map(({ same }) => same)) }
})

export const measureStates = byKind(["bytes", "decode", "merge"], (kind, series) =>
  Effect.gen(function* () {
    const write = yield* writeOf([metrics[kind]], series)
    const { changed, same } = yield* Effect.scoped(reportsOn(kind, write))
    return { bytes: bytesOf(write), decode: (changed - same) / Sources, merge: same / Sources }
  })
)
