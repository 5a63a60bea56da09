// Exponential histograms of two replicas in a real Prometheus, as native and as classic histograms.
import { describe, expect, it } from "@effect/vitest"
import { has } from "./support/program.ts"
import { type Prometheus, startPrometheus } from "./support/prometheus.ts"
import { type Replica, startReplica } from "./support/replica.ts"

const native = ["--enable-feature=native-histograms"]

/** One replica answers within 5 ms, the other one takes a second and more. */
const fast = Array.from({ length: 100 }, (_, i) => (1 + ((i * 37) % 5)) / 1000)
const slow = Array.from({ length: 100 }, (_, i) => 1 + ((i * 37) % 100) * 0.04)
const truth = [...fast, ...slow].sort((a, b) => a - b)
const exact = (q: number): number => truth[Math.ceil(q * truth.length) - 1]!

const quantiles = [0.25, 0.6, 0.75, 0.9, 0.99]

const scraped = async (prometheus: Prometheus, replicas: ReadonlyArray<Replica>) => {
  await prometheus.until(`min(count_over_time(up[1m])) * (count(up) == bool ${replicas.length})`, (count) => count >= 6)
}

/** How far quantiles are from the truth: by which factor at the most. */
const worst = async (prometheus: Prometheus, of: string): Promise<number> => {
  let most = 1
  for (const q of quantiles) {
    const found = (await prometheus.value(`histogram_quantile(${q}, ${of})`))!
    most = Math.max(most, found / exact(q), exact(q) / found)
  }
  return most
}

describe.skipIf(!has("prometheus", "--version"))("exponential histograms in Prometheus", () => {
  /** Two replicas that have measured all that they will. */
  const replicasAtRest = async (options: { readonly maxSchema?: number } = {}) => {
    const [one, other] = [await startReplica("one", [], options), await startReplica("other", [], options)]
    one.measure(...fast)
    other.measure(...slow)
    const prometheus = await startPrometheus([one.port, other.port], { flags: native })
    await prometheus.until("count(time_seconds)", (count) => count === 2)
    return {
      prometheus,
      [Symbol.asyncDispose]: async () => {
        for (const each of [prometheus, one, other]) await each[Symbol.asyncDispose]()
      }
    }
  }

  it("are native, and their quantiles over replicas are accurate to one bucket", async () => {
    await using service = await replicasAtRest()
    const { prometheus } = service
    // Buckets of the schema 3 grow by 9 %.
    const bucket = 2 ** (1 / 8)
    expect(await worst(prometheus, "sum(time_seconds)")).toBeLessThan(bucket)
    // Milliseconds are shown as seconds by a shift of 2^-10 instead of 10^-3.
    expect(await worst(prometheus, "sum(time_scaled_seconds)")).toBeLessThan(bucket * 1.024)
    for (const metric of ["time_seconds", "time_scaled_seconds"]) {
      expect(await prometheus.value(`histogram_count(sum(${metric}))`)).toBe(truth.length)
      const sum = truth.reduce((total, each) => total + each, 0)
      expect(await prometheus.value(`histogram_sum(sum(${metric}))`)).toBeCloseTo(sum, 9)
    }
    expect(await prometheus.query("time_seconds_bucket")).toEqual([])
    expect(await prometheus.value("sum(values_total)")).toBe(truth.length)
  })

  it("are as accurate as maxSchema allows", async () => {
    await using service = await replicasAtRest({ maxSchema: 8 })
    // 160 buckets for a factor of 5 are of the schema 6.
    expect(await worst(service.prometheus, "sum(time_seconds)")).toBeLessThan(2 ** (1 / 64))
  })

  it("neither lose nor invent values when an outlier reduces the scale", async () => {
    await using one = await startReplica("one", fast, { maxSchema: 8 })
    await using prometheus = await startPrometheus(one.port, { flags: native })
    await scraped(prometheus, [one])
    one.measure(3600)
    one.measure(1e-6)
    const before = (await prometheus.value("count_over_time(up[1m])"))!
    await prometheus.until("count_over_time(up[1m])", (count) => count >= before + 4)
    for (const metric of ["time_seconds", "time_scaled_seconds", "time_hours_seconds"]) {
      // Prometheus would show all since the start once more if it took the new buckets for those of a restart.
      const increase = `histogram_count(increase(${metric}[10s])) / scalar(increase(values_total[10s]))`
      expect(await prometheus.value(increase)).toBeCloseTo(1, 6)
    }
  })

  it("are classic in the text format, with the same boundaries in all replicas", async () => {
    await using one = await startReplica("one", fast)
    await using other = await startReplica("other", slow)
    await using prometheus = await startPrometheus([one.port, other.port])
    await scraped(prometheus, [one, other])
    for (const metric of ["time_seconds", "time_scaled_seconds"]) {
      expect(await worst(prometheus, `sum by (le) (rate(${metric}_bucket[5s]))`)).toBeLessThan(2)
    }
    one.measure(3600, 1e-6, 0, -1)
    const before = (await prometheus.value("min(count_over_time(up[1m]))"))!
    await prometheus.until("min(count_over_time(up[1m]))", (count) => count >= before + 4)
    expect(await worst(prometheus, "sum by (le) (rate(time_seconds_bucket[3s]))")).toBeLessThan(2)
    expect(await prometheus.value("count(count by (le) (time_seconds_bucket))")).toBe(35)
    expect(await prometheus.value("max(resets(time_seconds_bucket[1m]))")).toBe(0)
  })
})
