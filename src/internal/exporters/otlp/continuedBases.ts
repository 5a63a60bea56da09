/**
 * What metrics have gone on from, as the base of their first delta: with durable state, an earlier process, or an earlier
 * recorder of the id, has exported that. The base is what a metric shows right after it is registered; or when it is read
 * first, if it was registered before there was an exporter.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { internalsOf, type Source } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { inSlices } from "../../util/inSlices.ts"
import type { Steps } from "../../util/steps.ts"
import { collectSource, type Dated } from "../collect.ts"
import { type ExportedStreams, streamSteps } from "./temporality.ts"

export class ContinuedBases {
  readonly #clock: Clock.Clock
  /** Lives of metrics that have a base, by the recorder. */
  readonly #known = new Map<number | undefined, Set<string | undefined>>()
  /** Of series that were not exported since. */
  #bases: ExportedStreams = new Map()
  /** Reads of bases that have not come. */
  readonly #asked = new Set<Fiber.Fiber<void>>()
  /** Bases that are being made, by whoever comes to it. */
  readonly #underWay = new Set<Steps<void>>()

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
      const fiber = Effect.runForkWith(context)(
        Effect.flatMap(collectSource(runtime.namespace, source), (all) => inSlices(this.#begin(all)))
      )
      this.#asked.add(fiber)
      fiber.addObserver(() => this.#asked.delete(fiber))
    }
    return Effect.acquireRelease(
      Effect.sync(() => {
        for (const source of sources()) tell(source)
        return onRegistered(tell)
      }),
      (forget) => Effect.sync(forget)
    )
  }

  /**
   * Done when the reads have come that were asked for until now. What is exported was read behind them, but may be here
   * before them: then it would be its own base.
   */
  get come(): Effect.Effect<void> {
    return Effect.suspend(() => Effect.asVoid(Fiber.awaitAll(this.#asked)))
  }

  /** All of the runtime, once the reads before it have {@link come}. Then every base is there. */
  *read(all: ReadonlyArray<Dated>): Steps<void> {
    const owners = new Set(all.map(({ owner }) => owner))
    for (const owner of this.#known.keys()) if (!owners.has(owner)) this.#known.delete(owner)
    this.#begin(all)
    for (const steps of this.#underWay) while (steps.next().done !== true) yield
  }

  #begin(all: ReadonlyArray<Dated>): Steps<void> {
    const steps = this.#add(all, () => this.#underWay.delete(steps))
    this.#underWay.add(steps)
    return steps
  }

  *#add(all: ReadonlyArray<Dated>, onEnd: () => void): Steps<void> {
    const fresh = all.filter(
      ({ isContinued, life, owner }) => isContinued === true && this.#known.get(owner)?.has(life) !== true
    )
    if (fresh.length === 0) return onEnd()
    for (const { life, owner } of fresh) this.#known.set(owner, (this.#known.get(owner) ?? new Set()).add(life))
    const now = this.#clock.currentTimeNanosUnsafe()
    const [, seen] = yield* streamSteps(fresh, new Map(), { temporality: "delta", begun: now, now })
    this.#bases = new Map([...this.#bases, ...seen])
    onEnd()
  }

  exported(streams: ExportedStreams): void {
    if (this.#bases.size === 0) return
    this.#bases = new Map([...this.#bases].filter(([key, { of }]) => streams.get(key)?.of !== of))
  }
}
