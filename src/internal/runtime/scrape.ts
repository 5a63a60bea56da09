/** Renders a scrape of all recorders of a runtime, where they are folded. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { packStats } from "../formats/packedStats.ts"
import type { Link } from "../link/link.ts"
import { RuntimeFailed } from "../model/runtimeErrors.ts"
import type { Rendered } from "../stream/foldMessages.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { durationText, stopwatch } from "../util/timing.ts"
import type { OtlpRequest, RuntimeInternals, ScrapeRequest } from "./internals.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RecorderRegistry } from "./registry.ts"
import { SharedScrapes } from "./sharedScrapes.ts"

/**
 * How long a scrape waits, by the real clock, for events that have not left their recorder, because it is starting or
 * memory has no room. Such events come with the next scrape, and the accounting shows them as pending.
 */
const Patience = Duration.millis(250)

type Request = (ScrapeRequest | OtlpRequest) &
  Pick<Partial<ScrapeRequest>, "others"> &
  Pick<Partial<OtlpRequest>, "from">

let exports = 0

/**
 * Requests of the same kind have the same result. An exporter with its own recorders and bases is a kind of its own.
 */
const kindOf = ({ from, others, rendering }: Request): string =>
  JSON.stringify([rendering, others?.kind, from && ++exports])

export const scrapeOf = (
  lifecycle: RuntimeLifecycle,
  registry: RecorderRegistry,
  { foldCame, foldLag, usage }: Pick<RuntimeInternals, "foldCame" | "foldLag" | "usage">
): Required<Pick<RuntimeInternals, "otlp" | "scrape">> => {
  const { log, namespace } = lifecycle
  const shared = new SharedScrapes<Rendered, unknown>()

  const failed = (cause: unknown) => Effect.fail(new RuntimeFailed({ namespace, cause }))

  /** Waits by the live clock, with the time of the first requester's clock. */
  const rendered = Effect.fnUntraced(function* (link: Link, { from, others, rendering }: Request, clock: Clock.Clock) {
    const seconds = stopwatch(clock)
    const behind = registry.controls.filter(({ isHandedOver }) => !isHandedOver)
    if (behind.length > 0) {
      const handedOver = Effect.forEach(behind, (control) => control.handedOver, {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.raceFirst(handedOver, Effect.raceFirst(Effect.sleep(Patience), link.awaitSilence))
    }
    const { bases = [], free, without } = from?.() ?? {}
    const controls =
      without === undefined
        ? [...registry.controls, ...registry.totals]
        : registry.controls.filter(({ instance }) => !without.has(instance))
    const request = {
      rendering,
      // Not the time of the request, because events that arrived meanwhile would be in the future of the read.
      now: clock.currentTimeMillisUnsafe(),
      namespace,
      recorderIds: controls.map(({ service }) => service.recorderId),
      ...(rendering.recorderLabel === "total" && { totalIds: controls.map((control) => registry.totalIdOf(control)) }),
      lanes: Int32Array.from(controls, ({ readableLane }) => readableLane ?? -1),
      stats: packStats(controls.map((control) => registry.statsOf(control))),
      ...(without && {
        exported: { bases, free, instances: controls.map(({ instance }) => instance), unread: [...without] }
      }),
      foldLag: foldLag(),
      runtime: usage(),
      ...(others && { others: others.read() })
    }
    return yield* link.render(request, () => foldCame(seconds()))
  })

  const make = Effect.fnUntraced(function* (request: Request) {
    const { timeout } = request
    const { link, state } = lifecycle
    if (state === "Failed") return yield* failed(link?.failure()?.cause ?? new Error("it did not start"))
    if (link === undefined || (!lifecycle.isRunning && state !== "Stopping")) {
      return yield* lifecycle.invalidState("be scraped", "A runtime can be scraped while it runs")
    }
    yield* registry.refuseReadInHook
    return yield* shared.share(kindOf(request), rendered(link, request, yield* Clock.Clock)).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => {
          const most = durationText(timeout)
          return Effect.fail(new Error(`the events before the scrape were not folded within ${most}`))
        }
      }),
      withLiveClock,
      Effect.catch(failed),
      Effect.tap(() => log.inspection(`scraped ${registry.controls.length} recorders`))
    )
  })

  return { otlp: make, scrape: (request) => Effect.map(make(request), ({ body }) => body!) }
}
