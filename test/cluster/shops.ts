/**
 * Worker processes for tests: each receives orders and reports when they are done.
 */
import cluster, { type Worker } from "node:cluster"
import { fileURLToPath } from "node:url"
import { Context, Effect, Layer } from "effect"
import { bundled } from "../support/runProgram.ts"
import type { ShopEvent } from "./fixtures/shop.metrics.ts"

type Orders =
  | { readonly what: "open"; readonly recorder: string; readonly huge?: boolean }
  | { readonly what: "emit"; readonly recorder: string; readonly events: ReadonlyArray<ShopEvent> }
  | { readonly what: "flush" }
  | { readonly what: "close"; readonly recorder: string }
  | { readonly what: "say"; readonly messages: ReadonlyArray<unknown> }
  | { readonly what: "be the primary" }
  | { readonly what: "end" }

export type Order = Orders & { readonly order: number }

export class Shop {
  readonly worker: Worker
  #orders = 0

  constructor(worker: Worker) {
    this.worker = worker
  }

  /** Has it done, and gives what came of it. */
  does(what: Orders): Effect.Effect<unknown> {
    return Effect.suspend(() => {
      const order = ++this.#orders
      this.worker.send({ ...what, order })
      return this.answers(order)
    })
  }

  open(recorder: string, huge = false): Effect.Effect<unknown> {
    return this.does({ what: "open", recorder, huge })
  }

  emits(recorder: string, ...events: ReadonlyArray<ShopEvent>): Effect.Effect<unknown> {
    return this.does({ what: "emit", recorder, events })
  }

  closes(recorder: string): Effect.Effect<unknown> {
    return this.does({ what: "close", recorder })
  }

  get flushes(): Effect.Effect<unknown> {
    return this.does({ what: "flush" })
  }

  says(...messages: ReadonlyArray<unknown>): Effect.Effect<unknown> {
    return this.does({ what: "say", messages })
  }

  get triesToBeThePrimary(): Effect.Effect<unknown> {
    return this.does({ what: "be the primary" })
  }

  answers(order: number): Effect.Effect<unknown> {
    return this.hears((message) =>
      typeof message === "object" && message !== null && "done" in message && message.done === order
        ? { result: "result" in message ? message.result : undefined }
        : undefined
    ).pipe(Effect.map(({ result }) => result))
  }

  /** The first message that is something. */
  hears<A>(isIt: (message: unknown) => A | undefined): Effect.Effect<A> {
    return Effect.callback((resume) => {
      const listen = (message: unknown): void => {
        const found = isIt(message)
        if (found === undefined) return
        this.worker.off("message", listen)
        resume(Effect.succeed(found))
      }
      this.worker.on("message", listen)
    })
  }

  /** Ends in an orderly way: when there is no channel any more, it has said everything. */
  get ends(): Effect.Effect<void> {
    return Effect.andThen(
      Effect.sync(() => this.worker.send({ what: "end", order: ++this.#orders })),
      this.#disconnected
    )
  }

  /** Dies, without a word. */
  get dies(): Effect.Effect<void> {
    return Effect.andThen(
      Effect.sync(() => void this.worker.process.kill("SIGKILL")),
      this.#disconnected
    )
  }

  /** When all who listen have heard that. */
  get #disconnected(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (!this.worker.isConnected()) return resume(Effect.void)
      const listen = (worker: Worker): void => {
        if (worker !== this.worker) return
        cluster.off("disconnect", listen)
        resume(Effect.void)
      }
      cluster.on("disconnect", listen)
    })
  }
}

export interface ShopOptions {
  /** Whether its metrics are folded by a thread of its own. */
  readonly thread?: boolean
  /** Milliseconds between two reports. Default: so many that it reports when it is asked only, and at its end. */
  readonly every?: number
}

const AnHour = 3_600_000

/** Two that work through all tests, one of them with a thread for its metrics. */
export class Shops extends Context.Service<Shops, { readonly one: Shop; readonly other: Shop }>()("test/Shops") {
  static readonly layer = Layer.effect(
    Shops,
    Effect.suspend(() =>
      Effect.all({ one: startShop(), other: startShop({ thread: true }) }, { concurrency: "unbounded" })
    )
  )
}

/** Starts a process, which is gone with the scope at the latest. It is ready when this returns. */
export const startShop = ({ every = AnHour, thread = false }: ShopOptions = {}) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      cluster.setupPrimary({
        exec: fileURLToPath(new URL("./fixtures/shop.ts", import.meta.url)),
        execArgv: [...bundled.execArgv, "--conditions=mvx-metrics-source"]
      })
      const shop = new Shop(cluster.fork({ ...bundled.env, EVERY: String(every), ...(thread && { THREAD: "yes" }) }))
      return Effect.as(shop.answers(0), shop)
    }),
    (shop) => shop.dies
  )
