/**
 * The side of the primary: it hears what the worker processes tell, asks them, and keeps the ledger.
 */
import cluster, { type Worker } from "node:cluster"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Others, Total } from "../merging/merger.ts"
import type { LeftOut } from "../merging/misfits.ts"
import { Log } from "../recorder/logging.ts"
import { inSlices } from "../util/inSlices.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { Ledger, type LedgerOptions, type LedgerParts } from "./ledger.ts"
import { readFromWorker, type ToPrimary, type ToWorker } from "./messages.ts"

/**
 * A worker process of the cluster that has said something.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClusterProcess {
  /** The id that `node:cluster` gave it. No other process of this primary has had it. */
  readonly id: number
  readonly pid: number | undefined
  /** Whether it answered in time. If not, it counts with what it said last. */
  readonly answered: boolean
  /** How old the oldest states are that count for it, in milliseconds; `undefined`: it has no recorders. */
  readonly age: number | undefined
}

/**
 * The recorders of all processes together.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClusterReport {
  /** Time of the reader's clock when the report was made, in milliseconds since the Unix epoch. */
  readonly at: number
  /** By recorder id, those included that have ended. */
  readonly recorders: { readonly [recorderId: string]: Total }
  /** What has ended and is not kept by its id any more. Absent: there is no such thing. */
  readonly others?: Others
  /**
   * What processes measure by another definition of a metric than the primary has (other labels, boundaries or unit,
   * another kind): it is in no total. Absent: there is no such thing.
   */
  readonly leftOut?: ReadonlyArray<LeftOut>
  /** The processes that run, by id. */
  readonly processes: ReadonlyArray<ClusterProcess>
  /** How many processes have ended. */
  readonly ended: number
  /** How old the oldest states are that are in it, in milliseconds. 0: there are none of a process that runs. */
  readonly age: number
}

/** A wait without end has to be a number as well. */
const LongestRead = 10_000

interface Known {
  readonly worker: Worker
  /** The runtimes of it that answer. */
  readonly sources: Set<number>
}

/** An answer is heard by everyone in this process who listens: each knows his own. */
let requestCount = 0

/** A request, and who has not answered it. */
interface Request {
  readonly waiting: Set<string>
  readonly done: () => void
}

export class PrimaryProcess {
  readonly #ledger: Ledger
  readonly #clock: Clock.Clock
  readonly #log = new Log("normal", { cluster: "primary" })
  readonly #context: Context.Context<never>
  readonly #processes = new Map<number, Known>()
  readonly #requests = new Map<number, Request>()
  #ended = 0

  constructor(options: Omit<LedgerOptions, "onProblem">, context: Context.Context<never>, clock: Clock.Clock) {
    this.#ledger = new Ledger({ ...options, onProblem: (problem) => this.#warn(problem) })
    this.#context = context
    this.#clock = clock
  }

  /** Hears what is said, until the scope is closed. */
  get listen(): Effect.Effect<void, never, Scope.Scope> {
    const onMessage = (worker: Worker, message: unknown): void => this.#onMessage(worker, message)
    // Not when it has exited: there may still be something in the channel then.
    const onDisconnect = (worker: Worker): void => this.#onEnd(worker)
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => cluster.on("message", onMessage).on("disconnect", onDisconnect)),
        () => Effect.sync(() => cluster.off("message", onMessage).off("disconnect", onDisconnect))
      )
    )
  }

  #onMessage(worker: Worker, said: unknown): void {
    const message = readFromWorker(said)
    if (message === "foreign") return
    if (message === "malformed")
      return this.#warn(`what the process ${worker.process.pid} reports is malformed: it is ignored`)
    this.#take(worker, message)
  }

  #take(worker: Worker, message: ToPrimary): void {
    const { id } = worker
    const known = this.#processes.get(id) ?? { worker, sources: new Set() }
    this.#processes.set(id, known)
    const at = this.#clock.currentTimeMillisUnsafe()
    switch (message._tag) {
      case "mvx-metrics/cluster/States": {
        known.sources.add(message.source)
        for (const part of message.parts) this.#ledger.take(id, part, at)
        if (message.missing > 0) return
        for (const request of message.requests) this.#answered(request, key(id, message.source))
        return
      }
      case "mvx-metrics/cluster/Ended":
        return this.#ledger.end(id, message, at)
      case "mvx-metrics/cluster/Closed":
        known.sources.delete(message.source)
        for (const request of this.#requests.keys()) this.#answered(request, key(id, message.source))
        return
    }
  }

  #onEnd({ id }: Worker): void {
    const known = this.#processes.get(id)
    if (known === undefined) return
    this.#processes.delete(id)
    this.#ended++
    this.#ledger.endProcess(id, this.#clock.currentTimeMillisUnsafe())
    for (const request of this.#requests.keys()) {
      for (const source of known.sources) this.#answered(request, key(id, source))
    }
  }

  #answered(request: number, who: string): void {
    const asked = this.#requests.get(request)
    if (asked?.waiting.delete(who) && asked.waiting.size === 0) asked.done()
  }

  /** Asks all processes, waits so many milliseconds by the real clock at most, and gives what is known then. */
  readonly report = Effect.fnUntraced({ self: this }, function* (timeout: number): Effect.fn.Return<ClusterReport> {
    const late = yield* this.#ask(timeout)
    const at = yield* Clock.currentTimeMillis
    const now = this.#clock.currentTimeMillisUnsafe()
    const inOrder = [...this.#processes].sort(([one], [other]) => one - other)
    const processes = inOrder.map(([id, { sources, worker }]): ClusterProcess => {
      const oldest = this.#ledger.oldest(id)
      const answered = ![...sources].some((source) => late.has(key(id, source)))
      return {
        id,
        pid: worker.process.pid,
        answered,
        age: oldest === undefined ? undefined : Math.max(0, now - oldest)
      }
    })
    // All of this moment, whatever is told while it is put together.
    const ended = this.#ended
    const { leftOut } = this.#ledger
    const ofOthers = this.#ledger.others(at)
    const totals = this.#ledger.totals(at)
    const others = yield* inSlices(ofOthers)
    return {
      at,
      recorders: yield* inSlices(totals),
      ...(others.recorders > 0 && { others }),
      ...(leftOut.length > 0 && { leftOut }),
      processes,
      ended,
      age: processes.reduce((oldest, { age }) => Math.max(oldest, age ?? 0), 0)
    }
  })

  /** The same, for a store. */
  parts(timeout: number): Effect.Effect<LedgerParts> {
    return Effect.andThen(
      this.#ask(timeout),
      Effect.map(Clock.currentTimeMillis, (now) => this.#ledger.parts(now))
    )
  }

  get accepted(): number {
    return this.#ledger.accepted
  }

  /** Gives those who have not answered. */
  #ask(timeout: number): Effect.Effect<ReadonlySet<string>> {
    return Effect.suspend(() => {
      const asked = [...this.#processes].filter(([, { sources }]) => sources.size > 0)
      const waiting = new Set(asked.flatMap(([id, { sources }]) => Array.from(sources, (source) => key(id, source))))
      if (waiting.size === 0) return Effect.succeed(waiting)
      const request = requestCount++
      const message: ToWorker = {
        _tag: "mvx-metrics/cluster/Read",
        request,
        within: Math.min(timeout / 2, LongestRead)
      }
      const answers = Effect.callback<void>((resume) => {
        this.#requests.set(request, { waiting, done: () => resume(Effect.void) })
        // One that cannot be told any more is about to be disconnected.
        for (const [, { worker }] of asked) worker.send(message, undefined, {}, () => {})
        return Effect.void
      })
      return answers.pipe(
        Effect.timeoutOption(timeout),
        withLiveClock,
        Effect.ensuring(Effect.sync(() => void this.#requests.delete(request))),
        Effect.as(waiting)
      )
    })
  }

  #warn(problem: string): void {
    Effect.runForkWith(this.#context)(this.#log.warning(problem))
  }
}

const key = (process: number, source: number): string => `${process}/${source}`
