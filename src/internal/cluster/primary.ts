/**
 * The primary's side: receives the reports of worker processes, requests new ones, and keeps the ledger.
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
 * A worker process of the cluster that has reported at least once.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClusterProcess {
  /** Its id in `node:cluster`. No other process of this primary has had it. */
  readonly id: number
  readonly pid: number | undefined
  /** Whether it answered in time. If not, it counts with its last report. */
  readonly answered: boolean
  /** The age of its oldest states in the report, in milliseconds. `undefined` if it has no recorders. */
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
  /** The recorders by id, ended ones included. */
  readonly recorders: { readonly [recorderId: string]: Total }
  /** The merged counts of ended recorders whose ids are no longer kept separately. Absent if there are none. */
  readonly others?: Others
  /**
   * Metrics that processes define differently from the primary (other labels, boundaries or unit, another kind). They
   * are in no total. Absent if there are none.
   */
  readonly leftOut?: ReadonlyArray<LeftOut>
  /** The running processes, by id. */
  readonly processes: ReadonlyArray<ClusterProcess>
  /** The number of ended processes. */
  readonly ended: number
  /** The age of the oldest states in the report, in milliseconds. 0 if no process is running. */
  readonly age: number
}

/** An unlimited wait must be a number as well. */
const LongestRead = 10_000

interface Known {
  readonly worker: Worker
  /** Its runtimes that answer. */
  readonly sources: Set<number>
}

/** Every listener in this process receives every answer, and picks its own. */
let requestCount = 0

/** A request, and the processes that have not answered it. */
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

  /** Receives messages until the scope closes. */
  get listen(): Effect.Effect<void, never, Scope.Scope> {
    const onMessage = (worker: Worker, message: unknown): void => this.#onMessage(worker, message)
    // Not on exit, because the channel may still hold messages then.
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
    if (message === "malformed") return this.#warn(`a malformed report of the process ${worker.process.pid} is ignored`)
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

  /** Asks all processes, waits up to this many milliseconds by the real clock, and returns what is known then. */
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
    // Everything as of this moment, whatever is reported while the result is assembled.
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

  /** Returns the processes that have not answered. */
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
        // A process that cannot be reached any more is about to be disconnected.
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
