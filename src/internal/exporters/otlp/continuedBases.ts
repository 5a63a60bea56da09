/**
 * What metrics have continued from, as the base of their first delta: with durable state, an earlier process, or an
 * earlier recorder of the id, has exported it. The base is what a metric shows right after its registration, or at its
 * first read if it was registered before there was an exporter.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Dated } from "../../formats/datedData.ts"
import { type Base, sharedMemory } from "../../formats/otlp/baseWriter.ts"
import { nanosOf } from "../../formats/otlp/streamed.ts"
import { Streams } from "../../formats/otlp/streams.ts"
import { internalsOf, type Source } from "../../runtime/internals.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { inSlices } from "../../util/inSlices.ts"
import { listening } from "../../util/listeners.ts"
import type { Steps } from "../../util/steps.ts"
import { collectMetrics } from "../collect.ts"

/** The continued part of these, as if all of it was exported now. */
export function* baseSteps(all: ReadonlyArray<Dated>, clock: Clock.Clock): Steps<Base | undefined> {
  const continued = all.filter(({ isContinued }) => isContinued)
  if (continued.length === 0) return undefined
  const now = nanosOf(clock.currentTimeMillisUnsafe())
  const streams = new Streams({ temporality: "delta", begun: now, now, bases: [], adopts: true, take: () => {} })
  for (const each of continued) yield* streams.tell(each)
  return yield* streams.finish(new Set(), sharedMemory())
}

export class ContinuedBases {
  readonly #clock: Clock.Clock
  readonly #onBase: (base: Base) => void
  readonly #runtime: RuntimeService
  /** The lives of metrics that have a base, by recorder. */
  readonly #known = new Map<number, Set<string | undefined>>()
  /** Reads of bases in progress. */
  readonly #asked = new Set<Fiber.Fiber<void>>()
  /** Recorders that could not be read. */
  readonly #missed = new Set<Source>()

  constructor(runtime: RuntimeService, clock: Clock.Clock, onBase: (base: Base) => void) {
    this.#runtime = runtime
    this.#clock = clock
    this.#onBase = onBase
  }

  /** Reads metrics that exist, and those registered from now on, until the scope closes. */
  get listen(): Effect.Effect<void, never, Scope.Scope> {
    const { onRegistered, sources } = internalsOf(this.#runtime)
    const ask = (source: Source): void => this.#ask(source)
    return listening(() => {
      for (const source of sources()) ask(source)
      return onRegistered(ask)
    })
  }

  /**
   * Completes when the reads requested so far are done. A metric whose base is unknown is not exported yet, because it
   * would repeat what others have exported.
   */
  get come(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const there = new Set(
        internalsOf(this.#runtime)
          .sources()
          .map(({ instance }) => instance)
      )
      const missed = [...this.#missed]
      this.#missed.clear()
      for (const instance of this.#known.keys()) if (!there.has(instance)) this.#known.delete(instance)
      for (const source of missed) if (there.has(source.instance)) this.#ask(source)
      return Effect.asVoid(Fiber.awaitAll(this.#asked))
    })
  }

  #ask(source: Source): void {
    const base = Effect.flatMap(collectMetrics(this.#runtime.namespace, source), (all) => {
      if (all === undefined) return Effect.sync(() => void this.#missed.add(source))
      const known = this.#known.get(source.instance) ?? new Set()
      this.#known.set(source.instance, known)
      const fresh = all.filter(({ life }) => !known.has(life))
      for (const { isContinued, life } of fresh) if (isContinued) known.add(life)
      return Effect.map(inSlices(baseSteps(fresh, this.#clock)), (made) => {
        if (made !== undefined) this.#onBase(made)
      })
    })
    const fiber = Effect.runForkWith(internalsOf(this.#runtime).context)(base)
    this.#asked.add(fiber)
    fiber.addObserver(() => this.#asked.delete(fiber))
  }
}
