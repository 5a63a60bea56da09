/**
 * What metrics have gone on from, as the base of their first delta: with durable state, an earlier process, or an earlier
 * recorder of the id, has exported that. The base is what a metric shows right after it is registered; or when it is read
 * first, if it was registered before there was an exporter.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { internalsOf, type Source } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { collectSource, type Dated } from "../collect.ts"
import { type ExportedStreams, streams } from "./temporality.ts"

export class ContinuedBases {
  readonly #clock: Clock.Clock
  /** Lives of metrics that have a base, by the recorder. */
  readonly #known = new Map<number | undefined, Set<string | undefined>>()
  /** Of series that were not exported since. */
  #bases: ExportedStreams = new Map()

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  get bases(): ExportedStreams {
    return this.#bases
  }

  /** Reads what is registered from now on, and what is there, until the scope closes. */
  listen(runtime: RuntimeService): Effect.Effect<void, never, Scope.Scope> {
    const { context, onRegistered, sources } = internalsOf(runtime)
    const tell = (source: Source): void => {
      Effect.runForkWith(context)(Effect.map(collectSource(runtime.namespace, source), (all) => this.#add(all)))
    }
    return Effect.acquireRelease(
      Effect.sync(() => {
        for (const source of sources()) tell(source)
        return onRegistered(tell)
      }),
      (forget) => Effect.sync(forget)
    )
  }

  /** All of the runtime. */
  read(all: ReadonlyArray<Dated>): void {
    const owners = new Set(all.map(({ owner }) => owner))
    for (const owner of this.#known.keys()) if (!owners.has(owner)) this.#known.delete(owner)
    this.#add(all)
  }

  #add(all: ReadonlyArray<Dated>): void {
    const fresh = all.filter(
      ({ isContinued, life, owner }) => isContinued === true && this.#known.get(owner)?.has(life) !== true
    )
    if (fresh.length === 0) return
    for (const { life, owner } of fresh) this.#known.set(owner, (this.#known.get(owner) ?? new Set()).add(life))
    const now = this.#clock.currentTimeNanosUnsafe()
    const [, seen] = streams(fresh, new Map(), { temporality: "delta", begun: now, now })
    this.#bases = new Map([...this.#bases, ...seen])
  }

  exported(streams: ExportedStreams): void {
    if (this.#bases.size === 0) return
    this.#bases = new Map([...this.#bases].filter(([key, { of }]) => streams.get(key)?.of !== of))
  }
}
