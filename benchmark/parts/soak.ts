/** Ten minutes of load: memory every ten seconds. Runs with the collector exposed. */
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { memory } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import { pace, perSecond } from "../pace.ts"
import type { Run } from "../part.ts"
import { number, table, title } from "../report.ts"

const seconds = 600
const sampleSeconds = 10
/** Until everything is compiled, and pages are there. */
const settledAfter = 60

interface Sample {
  readonly second: number
  readonly memory: number
  readonly rss: number
}

export const run: Run = async () => {
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const { settle, work } = recorderContender("soak", recorder, outstanding)
  const samples: Array<Sample> = []
  const sample = async (second: number): Promise<void> => {
    const worker = await metrics.workerUsage()
    const main = memory()
    const used = main.heapUsed + main.external + main.buffers + worker.heapUsed + worker.external
    samples.push({ second, memory: used, rss: process.memoryUsage.rss() })
  }
  for (let second = sampleSeconds; second <= seconds; second += sampleSeconds) {
    await pace(work, sampleSeconds, () => outstanding.look(recorder))
    await sample(second)
  }
  await settle!()

  title(`${seconds} seconds at ${perSecond} events per second: memory of both threads after collection, and RSS`)
  table(
    ["second", "bytes", "RSS"],
    samples.map((at) => [String(at.second), number(at.memory), number(at.rss)])
  )
  const settled = samples.filter(({ second }) => second >= settledAfter)
  return {
    ...outstanding.figures,
    soakLost: refusedBy(recorder),
    soakBytesPerMinute: slope(settled.map((at) => [at.second / 60, at.memory])),
    soakRssPerMinute: slope(settled.map((at) => [at.second / 60, at.rss]))
  }
}

/** Of the straight line that fits best. */
const slope = (points: ReadonlyArray<readonly [x: number, y: number]>): number => {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const x = mean(0)
  const y = mean(1)
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}
