// The calls of a component to its emitter. Checked by tsc (`npm run check`), never run.
import { Duration, Effect, Exit, Schema } from "effect"
import { type Emitter, Metric, Recorder, type RecorderService } from "mvx-metrics"
import { expectTypeOf } from "vitest"

const DocumentEvent = Schema.TaggedUnion({
  "document.save": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]), seconds: Schema.Number },
  "document.open": { cached: Schema.optional(Schema.Boolean) }
})
type DocumentEvent = typeof DocumentEvent.Type
const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
type CacheEvent = typeof CacheEvent.Type

const Documents = Metric.counter("documents", { events: DocumentEvent })
const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })

// --- an emitter takes the events that its metrics read

expectTypeOf<Effect.Success<ReturnType<typeof Recorder.register<typeof Documents>>>>().toEqualTypeOf<
  Emitter<DocumentEvent>
>()
declare const recorder: RecorderService
expectTypeOf(recorder.emitter(CacheEvent)).toEqualTypeOf<Emitter<CacheEvent>>()
expectTypeOf(Recorder.emitter(CacheEvent)).toEqualTypeOf<Effect.Effect<Emitter<CacheEvent>>>()
expectTypeOf(recorder.register(Lookups)).toExtend<Effect.Effect<Emitter<CacheEvent>, unknown>>()
// An emitter of more events can serve where fewer are emitted, and not the other way round.
declare const ofBoth: Emitter<DocumentEvent | CacheEvent>
expectTypeOf(ofBoth).toExtend<Emitter<CacheEvent>>()
declare const ofCache: Emitter<CacheEvent>
expectTypeOf(ofCache).not.toExtend<Emitter<DocumentEvent | CacheEvent>>()

// --- emit

declare const metrics: Emitter<DocumentEvent>
expectTypeOf(metrics.emit({ _tag: "document.save", outcome: "SUCCESS", seconds: 1 })).toEqualTypeOf<
  Effect.Effect<void>
>()
metrics.emit({ _tag: "document.open" })
// @ts-expect-error no metric reads an event of this tag
metrics.emit({ _tag: "document.saved", outcome: "SUCCESS", seconds: 1 })
// @ts-expect-error a field is missing
metrics.emit({ _tag: "document.save", outcome: "SUCCESS" })
// @ts-expect-error a field is misspelt
metrics.emit({ _tag: "document.save", outcom: "SUCCESS", seconds: 1 })
// @ts-expect-error a field that may be missing is misspelt
metrics.emit({ _tag: "document.open", cache: true })
// @ts-expect-error a field is of another type
metrics.emit({ _tag: "document.save", outcome: "MAYBE", seconds: 1 })
// @ts-expect-error an event of another family
metrics.emit({ _tag: "cache.lookup", hit: true })
// @ts-expect-error no event
metrics.emit("document.save")
expectTypeOf(metrics.emitUnsafe({ _tag: "document.open", cached: true })).toEqualTypeOf<boolean>()
// @ts-expect-error an event of another family
metrics.emitUnsafe({ _tag: "cache.lookup", hit: true })

// --- onExit and track leave the effect as it is, in each of their forms

class Failure {
  readonly _tag = "Failure"
}
declare const work: Effect.Effect<number, Failure, "Service">
type Work = typeof work
const outcomeOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isSuccess(exit) ? ("SUCCESS" as const) : ("FAILURE" as const)

expectTypeOf(
  metrics.onExit(work, (exit) => {
    expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
    return { _tag: "document.save", outcome: outcomeOf(exit), seconds: 1 }
  })
).toEqualTypeOf<Work>()
expectTypeOf(
  work.pipe(
    metrics.track((exit, { duration }) => {
      expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
      return { _tag: "document.save", outcome: outcomeOf(exit), seconds: Duration.toSeconds(duration) }
    })
  )
).toEqualTypeOf<Work>()
expectTypeOf(
  metrics.track(work, (exit, { duration }) =>
    Exit.isSuccess(exit)
      ? { _tag: "document.save", outcome: "SUCCESS", seconds: Duration.toSeconds(duration) }
      : undefined
  )
).toEqualTypeOf<Work>()
expectTypeOf(
  Effect.fn("save")(
    function* (n: number) {
      return n + (yield* work)
    },
    metrics.track((exit, { duration }) => {
      expectTypeOf(exit).toEqualTypeOf<Exit.Exit<number, Failure>>()
      return { _tag: "document.save", outcome: outcomeOf(exit), seconds: Duration.toSeconds(duration) }
    })
  )
).toEqualTypeOf<(n: number) => Work>()

// @ts-expect-error no metric reads an event of this tag
metrics.onExit(work, () => ({ _tag: "document.saved", outcome: "SUCCESS", seconds: 1 }))
// @ts-expect-error a field is misspelt
metrics.onExit(work, (exit) => ({ _tag: "document.save", outcom: outcomeOf(exit), seconds: 1 }))
// @ts-expect-error an event of another family
work.pipe(metrics.onExit(() => ({ _tag: "cache.lookup", hit: true })))
// @ts-expect-error a field is missing
work.pipe(metrics.track((exit) => ({ _tag: "document.save", outcome: outcomeOf(exit) })))
// @ts-expect-error a duration is no number
metrics.track(work, (_exit, { duration }) => ({ _tag: "document.save", outcome: "SUCCESS", seconds: duration }))

// An object that a function returns is checked for further fields only by the type that the function says it returns.
expectTypeOf(work.pipe(metrics.onExit(() => ({ _tag: "document.open", cashed: true })))).toEqualTypeOf<Work>()
// @ts-expect-error an optional field is misspelt
work.pipe(metrics.onExit((): DocumentEvent => ({ _tag: "document.open", cashed: true })))
work.pipe(
  metrics.track((exit): DocumentEvent | undefined =>
    // @ts-expect-error an optional field is misspelt
    Exit.isSuccess(exit) ? { _tag: "document.open", cashed: true } : undefined
  )
)
expectTypeOf(
  work.pipe(metrics.onExit((exit): DocumentEvent => ({ _tag: "document.open", cached: Exit.isSuccess(exit) })))
).toEqualTypeOf<Work>()

// --- a component that registers needs nothing, and may be told why it cannot be measured

expectTypeOf<Effect.Services<ReturnType<typeof Recorder.register>>>().toEqualTypeOf<never>()
