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

interface ContinuedBases {
  /** Reads metrics that exist, and those registered from now on, until the scope closes. */
  readonly listen: Effect.Effect<void, never, Scope.Scope>
  /**
   * Completes when the reads requested so far are done. A metric whose base is unknown is not exported yet, because it
   * would repeat what others have exported.
   */
  readonly come: Effect.Effect<void>
}

export const continuedBases = (
  runtime: RuntimeService,
  clock: Clock.Clock,
  onBase: (base: Base) => void
): ContinuedBases => {
  const { context, onRegistered, sources } = internalsOf(runtime)
  /** The lives of metrics that have a base, by recorder. */
  const known = new Map<number, Set<string | undefined>>()
  /** Reads of bases in progress. */
  const asked = new Set<Fiber.Fiber<void>>()
  /** Recorders that could not be read. */
  const missed = new Set<Source>()

  const ask = (source: Source): void => {
    const base = Effect.flatMap(collectMetrics(runtime.namespace, source), (all) => {
      if (all === undefined) return Effect.sync(() => void missed.add(source))
      const own = known.get(source.instance) ?? new Set()
      known.set(source.instance, own)
      const fresh = all.filter(({ life }) => !own.has(life))
      for (const { isContinued, life } of fresh) if (isContinued) own.add(life)
      return Effect.map(inSlices(baseSteps(fresh, clock)), (made) => {
        if (made !== undefined) onBase(made)
      })
    })
    const fiber = Effect.runForkWith(context)(base)
    asked.add(fiber)
    fiber.addObserver(() => asked.delete(fiber))
  }

  const listen = listening(() => {
    for (const source of sources()) ask(source)
    return onRegistered(ask)
  })

  const come = Effect.suspend(() => {
    const there = new Set(sources().map(({ instance }) => instance))
    const again = [...missed]
    missed.clear()
    for (const instance of known.keys()) if (!there.has(instance)) known.delete(instance)
    for (const source of again) if (there.has(source.instance)) ask(source)
    return Effect.asVoid(Fiber.awaitAll(asked))
  })

  return { listen, come }
}
