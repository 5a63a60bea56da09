/** What exporters show of a store: the last report that could be read. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Merged } from "../merging/mergedRuntime.ts"
import type { StoreReader, StoreReport } from "./storeReader.ts"

/** Warns once when the store can no longer be read. */
export const latestReport = (reader: StoreReader, warn: (problem: string) => void): Effect.Effect<Merged> => {
  let last: StoreReport = { at: 0, recorders: {}, sources: [], ended: 0, age: 0 }
  let isFailing = false
  return reader.report.pipe(
    Effect.match({
      onSuccess: (report) => {
        isFailing = false
        last = report
      },
      onFailure: ({ message }) => {
        if (!isFailing) warn(`${message}. Exporters show the last report`)
        isFailing = true
      }
    }),
    Effect.andThen(Clock.currentTimeMillis),
    Effect.map((now) => mergedOf(last, now))
  )
}

const mergedOf = ({ age, at, ended, sources, ...rest }: StoreReport, now: number): Merged => {
  const count = (state: string): number => sources.filter((source) => source.state === state).length
  const silent = count("silent")
  const stats = { processes: count("running") + silent, silent, ended, age: at === 0 ? 0 : age + Math.max(0, now - at) }
  return { ...rest, at: at === 0 ? now : at, stats }
}
