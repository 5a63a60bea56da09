// The metrics whose numbers must stay right while workers die. Both threads and the model import this module.
import { isMainThread } from "node:worker_threads"
import * as Schema from "effect/Schema"
import * as Metric from "mvx-metrics/Metric"

/** What an event does to the worker that folds it. In process, where it would end the model, each of them throws. */
export const poisons = ["throw", "exit", "loop", "out of memory", "loop in a label"] as const
export type Poison = (typeof poisons)[number]

export const LoadEvent = Schema.TaggedUnion({
  "load.work": {
    n: Schema.Number,
    kind: Schema.String,
    user: Schema.String,
    millis: Schema.Number,
    how: Schema.Literals(["fine", ...poisons]),
    tags: Schema.optionalKey(Schema.Array(Schema.String))
  }
})
export type LoadEvent = typeof LoadEvent.Type

/** The event number `n` of a recorder: whoever knows how many a recorder accepted knows all of them. */
export const loadEvent = (n: number, how: LoadEvent["how"] = "fine"): LoadEvent => ({
  _tag: "load.work",
  n,
  kind: `kind ${(n * 7) % 11}`,
  user: `user ${Math.floor(n / 300) % 400}`,
  millis: (n * 37) % 1500,
  how,
  ...(n % 101 === 0 && { tags: ["a", `tag ${n}`] })
})

/**
 * Uses up the memory that a worker may have, in small pieces. Node grants a worker that reaches its limit another 16 MiB
 * to end in: an array that grows needs more than that at once, and the whole process would be aborted.
 */
export const useUpMemory = (): never => {
  let kept: unknown
  for (;;) kept = { kept, list: [] }
}

export const loopForEver = (): never => {
  for (;;);
}

const strike = (how: LoadEvent["how"]): void => {
  if (how === "throw" || isMainThread) throw new RangeError(`poisoned: ${how}`)
  if (how === "exit") process.exit(3)
  if (how === "out of memory") useUpMemory()
  loopForEver()
}

const events = LoadEvent
const byKind = { events, labels: { kind: "kind" } } as const

export const Count = Metric.counter("load.count", byKind)

/** Finds by itself what was lost and what was counted twice. */
export const Sequence = Metric.make("load.sequence", {
  events,
  initial: { count: 0, first: 0, last: 0, missed: 0, repeated: 0 },
  reduce: {
    "load.work": ({ count, first, last, missed, repeated }, { n }) => ({
      count: count + 1,
      first: count === 0 ? n : first,
      last: Math.max(last, n),
      missed: missed + (count === 0 ? 0 : Math.max(0, n - last - 1)),
      repeated: repeated + (n <= last ? 1 : 0)
    })
  }
})

/** Depends on all fields and on their order. */
const Digest = Metric.make("load.digest", {
  events,
  initial: { digest: 0, tags: 0 },
  reduce: {
    "load.work": (state, { n, millis, tags }) => ({
      digest: (Math.imul(state.digest, 31) + n + millis) | 0,
      tags: state.tags + (tags?.length ?? 0)
    })
  }
})

export const Poisoned = Metric.make("load.poisoned", {
  events,
  initial: { count: 0 },
  reduce: {
    "load.work": ({ count }, { how }) => {
      if (how !== "fine" && how !== "loop in a label") strike(how)
      return { count: count + 1 }
    }
  }
})

export const PoisonedLabel = Metric.counter("load.poisoned.label", {
  events,
  labels: {
    how: ({ how }) => {
      if (how === "loop in a label") strike(how)
      return how
    }
  }
})

/** Registered while events come. */
export const Late = Metric.counter("load.late", byKind)

/** What every recorder has. */
export const basic = [Count, Sequence] as const

/** What recorders have whose events all reach their fold. */
export const all = [
  ...basic,
  Digest,
  Metric.histogram("load.duration", { ...byKind, value: "millis", boundaries: [1, 10, 100, 1000] }),
  Metric.exponentialHistogram("load.spread", { events, value: "millis" }),
  Metric.gauge("load.latest", { ...byKind, value: "millis" }),
  Metric.distinct("load.users", { events, value: "user" }),
  Metric.window("load.recent", { events, value: "millis", window: "1 minute" }),
  Metric.counter("load.by_user", { events, labels: { user: "user" }, expireAfter: "1 minute", maxSeries: 100 }),
  Metric.frequency("load.frequency", { events, value: "kind" }),
  Poisoned,
  PoisonedLabel
] as const

export const everything = [...all, Late] as const
export const metricOf = (name: string): (typeof everything)[number] => {
  const found = everything.find((metric) => metric.name === name)
  if (found === undefined) throw new Error(`no metric ${name}`)
  return found
}
