/** What the primary of a Node cluster does with the states of its processes. */
import * as Effect from "effect/Effect"
import { Ledger } from "../../../src/internal/cluster/ledger.ts"
import { readFromWorker } from "../../../src/internal/cluster/messages.ts"
import { allSteps } from "../../../src/internal/util/steps.ts"
import { cpuNanos, median } from "../../measure.ts"
import { metrics } from "../kinds.ts"
import { byKind } from "./byKind.ts"
import { recorded } from "./recorded.ts"

const Processes = 40
const Rounds = 25
const WarmUps = 4

/** Bytes of a message; milliseconds to receive one, and to add up for each process. */
export type ClusterCosts = Effect.Success<typeof measureCluster>

export const measureCluster = byKind(["message", "receive", "merge"], (kind, series) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { recorder } = yield* recorded([metrics[kind]], series)
      const [states, stats] = [yield* recorder.states, yield* recorder.stats]
      const parts = [{ instance: 0, recorderId: recorder.recorderId, states, stats }]
      const message = { _tag: "mvx-metrics/cluster/States", source: 0, requests: [], parts, missing: 0 }
      const text = JSON.stringify(message)
      const ledger = new Ledger({
        metrics: [metrics[kind]],
        isLevel: () => false,
        maxEnded: 1,
        onProblem: (problem) => {
          throw new Error(problem)
        }
      })
      const millisOf = (work: () => void): number => {
        const before = cpuNanos()
        work()
        return (cpuNanos() - before) / 1e6
      }
      const rounds = Array.from({ length: Rounds }, () => ({
        receive: millisOf(() => {
          for (let process = 0; process < Processes; process++) {
            const read = readFromWorker(JSON.parse(text))
            if (typeof read === "string" || read._tag !== "mvx-metrics/cluster/States") throw new Error(String(read))
            ledger.take(process, read.parts[0]!, 0)
          }
        }),
        merge: millisOf(() => void allSteps(ledger.totals(0)))
      })).slice(WarmUps)
      return {
        message: text.length,
        receive: median(rounds.map(({ receive }) => receive)) / Processes,
        merge: median(rounds.map(({ merge }) => merge)) / Processes
      }
    })
  )
)
