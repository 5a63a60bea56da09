/**
 * The events and metrics of a Node process, with the names of OpenTelemetry's conventions. Metrics that all Prometheus
 * clients show of a process have their Prometheus names.
 */
import * as Schema from "effect/Schema"
import { counter } from "../metric/counter.ts"
import { gauge } from "../metric/gauge.ts"
import { histogram } from "../metric/histogram.ts"
import { module as moduleOf } from "../metric/metricSet.ts"

/**
 * Sizes are in bytes, times in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export const ProcessEvent = Schema.TaggedUnion({
  /** Processor time since the previous sample. The first sample counts from the start of the process. */
  "process.cpu.sample": {
    mode: Schema.Literals(["user", "system"]),
    seconds: Schema.Number,
    utilization: Schema.Number
  },
  "process.memory.sample": { rss: Schema.Number, external: Schema.Number, arrayBuffers: Schema.Number },
  /** Present if the system has `/proc`: the address space of the process, and its data segment. */
  "process.virtual_memory.sample": { size: Schema.Number, data: Schema.Number },
  /** Present if the system has `/proc`. Without `max`, there is no limit. */
  "process.fds.sample": { open: Schema.Number, max: Schema.optional(Schema.Number) },
  /** The start time of the process, as a Unix time. */
  "process.start.sample": { seconds: Schema.Number },
  "process.uptime.sample": { seconds: Schema.Number },
  /** How late timers were since the previous sample. */
  "nodejs.eventloop.delay.sample": {
    min: Schema.Number,
    max: Schema.Number,
    mean: Schema.Number,
    stddev: Schema.Number,
    p50: Schema.Number,
    p90: Schema.Number,
    p99: Schema.Number
  },
  /** The time between two runs of a timer of 10 ms. The part beyond 10 ms is the delay of the event loop. */
  "nodejs.eventloop.delay": { seconds: Schema.Number },
  "nodejs.eventloop.time.sample": { state: Schema.Literals(["active", "idle"]), seconds: Schema.Number },
  "nodejs.eventloop.utilization.sample": { utilization: Schema.Number },
  /** The resources that keep the event loop alive, by type. 0 for a type that is no longer present. */
  "nodejs.active_resources.sample": { type: Schema.String, count: Schema.Number },
  "nodejs.version.sample": {
    version: Schema.String,
    major: Schema.String,
    minor: Schema.String,
    patch: Schema.String
  },
  "v8js.heap.space.sample": {
    space: Schema.String,
    size: Schema.Number,
    used: Schema.Number,
    available: Schema.Number,
    physical: Schema.Number
  },
  "v8js.gc": { type: Schema.Literals(["major", "minor", "incremental", "weakcb"]), seconds: Schema.Number }
})

/**
 * One of the events of the family.
 *
 * @category models
 * @since 0.2.0
 */
export type ProcessEvent = typeof ProcessEvent.Type

const events = ProcessEvent
const cpu = { events, when: "process.cpu.sample", labels: { "cpu.mode": "mode" } } as const
const memory = { events, when: "process.memory.sample", unit: "By" } as const
const virtual = { events, when: "process.virtual_memory.sample", unit: "By" } as const
const fds = { events, when: "process.fds.sample" } as const
const space = {
  events,
  when: "v8js.heap.space.sample",
  labels: { "v8js.heap.space.name": "space" },
  unit: "By"
} as const

const delay = (field: "min" | "max" | "mean" | "stddev" | "p50" | "p90" | "p99", description: string) =>
  gauge(`nodejs.eventloop.delay.${field}`, {
    events,
    when: "nodejs.eventloop.delay.sample",
    value: field,
    unit: "s",
    description: `${description} of the delay of the event loop since the last sample.`
  })

/** The lowest boundary is above the value of a 10 ms timer in an idle process. */
export const delayBoundaries: ReadonlyArray<number> = [0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10]

/**
 * All metrics of {@link ProcessEvent}.
 *
 * @category models
 * @since 0.2.0
 */
export const ProcessMetrics = moduleOf(import.meta.url, [
  counter("process.cpu.time", { ...cpu, value: "seconds", unit: "s", description: "Time of the processor." }),
  gauge("process.cpu.utilization", {
    ...cpu,
    value: "utilization",
    unit: "1",
    description: "Time of the processor by the time that all processors had since the last sample."
  }),
  gauge("process.memory.usage", { ...memory, value: "rss", description: "Physical memory in use." }),
  gauge("nodejs.memory.external", {
    ...memory,
    value: "external",
    description: "Memory of what is bound to objects of JavaScript."
  }),
  gauge("nodejs.memory.array_buffers", {
    ...memory,
    value: "arrayBuffers",
    description: "Memory of array buffers, buffers of Node included."
  }),
  gauge("process.virtual_memory", { ...virtual, value: "size", description: "Virtual memory size." }),
  gauge("process.heap", { ...virtual, value: "data", description: "Size of the data segment." }),
  gauge("process.open_fds", { ...fds, value: "open", description: "Number of open file descriptors." }),
  gauge("process.max_fds", { ...fds, value: "max", description: "Maximum number of open file descriptors." }),
  gauge("process.start_time", {
    events,
    when: "process.start.sample",
    value: "seconds",
    unit: "s",
    description: "Start time of the process, as a Unix time."
  }),
  gauge("process.uptime", {
    events,
    when: "process.uptime.sample",
    value: "seconds",
    unit: "s",
    description: "How long the process has been running."
  }),
  delay("min", "Least"),
  delay("max", "Greatest"),
  delay("mean", "Mean"),
  delay("stddev", "Standard deviation"),
  delay("p50", "Median"),
  delay("p90", "90th percentile"),
  delay("p99", "99th percentile"),
  histogram("nodejs.eventloop.delay", {
    events,
    when: "nodejs.eventloop.delay",
    value: "seconds",
    unit: "s",
    boundaries: delayBoundaries,
    description: "Time between two runs of a timer of 10 ms."
  }),
  counter("nodejs.eventloop.time", {
    events,
    when: "nodejs.eventloop.time.sample",
    value: "seconds",
    labels: { "nodejs.eventloop.state": "state" },
    unit: "s",
    description: "Time that the event loop was at work, and that it waited."
  }),
  gauge("nodejs.eventloop.utilization", {
    events,
    when: "nodejs.eventloop.utilization.sample",
    value: "utilization",
    unit: "1",
    description: "Part of the time since the last sample that the event loop was at work."
  }),
  gauge("nodejs.active_resources", {
    events,
    when: "nodejs.active_resources.sample",
    value: "count",
    labels: { type: "type" },
    maxSeries: 100,
    unit: "{resource}",
    description: "What keeps the event loop going: timers, sockets, requests."
  }),
  gauge("nodejs.version_info", {
    events,
    when: "nodejs.version.sample",
    value: () => 1,
    labels: ["version", "major", "minor", "patch"],
    maxSeries: 100,
    description: "Version of Node.js."
  }),
  gauge("v8js.memory.heap.limit", { ...space, value: "size", description: "Size of the heap space." }),
  gauge("v8js.memory.heap.used", { ...space, value: "used", description: "Memory in use in the heap space." }),
  gauge("v8js.memory.heap.space.available_size", {
    ...space,
    value: "available",
    description: "Memory that is free in the heap space."
  }),
  gauge("v8js.memory.heap.space.physical_size", {
    ...space,
    value: "physical",
    description: "Memory committed to the heap space."
  }),
  histogram("v8js.gc.duration", {
    events,
    when: "v8js.gc",
    value: "seconds",
    labels: { "v8js.gc.type": "type" },
    boundaries: [0.001, 0.004, 0.01, 0.04, 0.1, 0.4, 1, 4, 10],
    unit: "s",
    description: "Pauses for the garbage collector."
  })
])
