/** Measures the process. */
import { availableParallelism } from "node:os"
import { constants, monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks"
import { getHeapSpaceStatistics } from "node:v8"
import { delaysOf } from "./delays.ts"
import { delayBoundaries, type ProcessEvent } from "./metrics.ts"
import { fileDescriptors, virtualMemory } from "./procfs.ts"

type GcType = Extract<ProcessEvent, { readonly _tag: "v8js.gc" }>["type"]

const gcTypes: ReadonlyMap<number, GcType> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"]
])

type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } }

/** The resolution of the event loop's delays, in milliseconds. */
const Resolution = 10

const Micros = 1e6
const Nanos = 1e9

const startedAt = performance.timeOrigin / 1000

const [major = "", minor = "", patch = ""] = process.versions.node.split(/[.-]/)

export class ProcessProbe {
  /** For the gauges, since the previous sample. */
  readonly #delay = monitorEventLoopDelay({ resolution: Resolution })
  /** For the histogram, since the delays were last taken. */
  readonly #delays = monitorEventLoopDelay({ resolution: Resolution })
  /** The delay that `#delays` cannot contain, while it is measured. */
  #first: NodeJS.Timeout | undefined
  readonly #emit: (event: ProcessEvent) => void
  readonly #gc: PerformanceObserver
  readonly #resources = new Set<string>()
  #cpu: NodeJS.CpuUsage = { user: 0, system: 0 }
  #cpuAt = 0
  #loop = { active: 0, idle: 0 }

  /** `emit` is called with events that belong to no sample: garbage collections, and delays between two samples. */
  constructor(emit: (event: ProcessEvent) => void) {
    this.#emit = emit
    this.#gc = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as ReadonlyArray<unknown> as ReadonlyArray<GcEntry>) {
        const type = gcTypes.get(entry.detail.kind)
        if (type !== undefined) emit({ _tag: "v8js.gc", type, seconds: entry.duration / 1000 })
      }
    })
    this.#gc.observe({ entryTypes: ["gc"] })
    this.#delay.enable()
    this.#delays.enable()
    this.#measureFirst()
  }

  close(): void {
    this.#gc.disconnect()
    this.#delay.disable()
    this.#delays.disable()
    clearTimeout(this.#first)
  }

  /** Emits the delays of the event loop since the last call: a hundred per second. */
  emitDelays(): void {
    if (this.#first !== undefined) return
    const all = delaysOf(this.#delays, delayBoundaries)
    this.#delays.reset()
    this.#measureFirst()
    for (const seconds of all) this.#emit({ _tag: "nodejs.eventloop.delay", seconds })
  }

  /**
   * Node's histogram measures from one run of its timer to the next, and forgets the last run when it is reset, so a
   * block that begins before the next run would be lost. Its timer is due before this one, so it has run when this one
   * has. If the histogram has a value then, the block came between two of its runs.
   */
  #measureFirst(): void {
    const from = performance.now()
    const check = (): void => {
      this.#first = undefined
      if (this.#delays.count > 0) return
      this.#emit({ _tag: "nodejs.eventloop.delay", seconds: (performance.now() - from) / 1000 })
    }
    // In the same turn the timer of the histogram may come after this one.
    this.#first = setTimeout(() => setImmediate(check), Resolution).unref()
  }

  /** The current values, and the differences since the previous sample. */
  sample(): ReadonlyArray<ProcessEvent> {
    return [
      ...this.#cpuSamples(),
      this.#memorySample(),
      ...procfsSamples(),
      { _tag: "process.start.sample", seconds: startedAt },
      { _tag: "nodejs.version.sample", version: process.version, major, minor, patch },
      { _tag: "process.uptime.sample", seconds: process.uptime() },
      ...this.#delaySample(),
      ...this.#loopSamples(),
      ...this.#resourceSamples(),
      ...getHeapSpaceStatistics().map(
        (space): ProcessEvent => ({
          _tag: "v8js.heap.space.sample",
          space: space.space_name,
          size: space.space_size,
          used: space.space_used_size,
          available: space.space_available_size,
          physical: space.physical_space_size
        })
      )
    ]
  }

  #cpuSamples(): ReadonlyArray<ProcessEvent> {
    const before = this.#cpu
    const now = process.cpuUsage()
    const at = process.uptime()
    const available = (at - this.#cpuAt) * availableParallelism()
    this.#cpu = now
    this.#cpuAt = at
    return (["user", "system"] as const).map((mode) => {
      const seconds = (now[mode] - before[mode]) / Micros
      return { _tag: "process.cpu.sample", mode, seconds, utilization: available > 0 ? seconds / available : 0 }
    })
  }

  #memorySample(): ProcessEvent {
    const { arrayBuffers, external, rss } = process.memoryUsage()
    return { _tag: "process.memory.sample", rss, external, arrayBuffers }
  }

  /** None if no time has passed. */
  #delaySample(): ReadonlyArray<ProcessEvent> {
    const delay = this.#delay
    if (delay.count === 0) return []
    const { max, mean, min, stddev } = delay
    const sample: ProcessEvent = {
      _tag: "nodejs.eventloop.delay.sample",
      min: min / Nanos,
      max: max / Nanos,
      mean: mean / Nanos,
      stddev: stddev / Nanos,
      p50: delay.percentile(50) / Nanos,
      p90: delay.percentile(90) / Nanos,
      p99: delay.percentile(99) / Nanos
    }
    delay.reset()
    return [sample]
  }

  #loopSamples(): ReadonlyArray<ProcessEvent> {
    const { active, idle } = performance.eventLoopUtilization()
    const worked = (active - this.#loop.active) / 1000
    const waited = (idle - this.#loop.idle) / 1000
    this.#loop = { active, idle }
    const all = worked + waited
    return [
      { _tag: "nodejs.eventloop.time.sample", state: "active", seconds: worked },
      { _tag: "nodejs.eventloop.time.sample", state: "idle", seconds: waited },
      { _tag: "nodejs.eventloop.utilization.sample", utilization: all > 0 ? worked / all : 0 }
    ]
  }

  #resourceSamples(): ReadonlyArray<ProcessEvent> {
    const counts = new Map<string, number>([...this.#resources].map((type) => [type, 0]))
    for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1)
    return Array.from(counts, ([type, count]) => {
      this.#resources.add(type)
      return { _tag: "nodejs.active_resources.sample", type, count }
    })
  }
}

const procfsSamples = (): ReadonlyArray<ProcessEvent> => {
  const memory = virtualMemory()
  const fds = fileDescriptors()
  return [
    ...(memory === undefined ? [] : [{ _tag: "process.virtual_memory.sample" as const, ...memory }]),
    ...(fds === undefined ? [] : [{ _tag: "process.fds.sample" as const, ...fds }])
  ]
}
