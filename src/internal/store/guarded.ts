/** Wraps stores, which may be written by others, so that they answer in time or fail, whatever they do. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { within } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import type {
  EventAppend,
  EventBatch,
  EventEnd,
  EventMembers,
  EventSource,
  EventState,
  EventStoreService
} from "./eventStore.ts"
import type { StateStoreService, StoredSource } from "./stateStore.ts"

/** The stores of this package have shorter limits of their own. */
const Most = Duration.seconds(60)

interface Store {
  readonly place: string
}

type Operation = (...args: ReadonlyArray<never>) => Effect.Effect<unknown, MetricsStoreError>

/** Why an answer does not fit its request. */
type WhyNone<Args extends ReadonlyArray<unknown>> = (answer: unknown, ...args: Args) => string | undefined

/** By the functions of a port. */
type Answers<S> = {
  readonly [Name in Exclude<keyof S, keyof Store>]: S[Name] extends (...args: infer Args) => unknown
    ? WhyNone<Args>
    : never
}

const guarded =
  <S extends Store>(answers: Answers<S>) =>
  (store: S): S => {
    const { place } = store
    const guard = (operation: string, whyNone: WhyNone<ReadonlyArray<never>>): Operation => {
      const failed = (reason: string) => Effect.fail(new MetricsStoreError({ store: place, operation, reason }))
      return (...args) =>
        // A method of an object, for a store that is a class instance.
        Effect.suspend(() => (store as unknown as { readonly [name: string]: Operation })[operation]!(...args)).pipe(
          within(Most, () => failed(`no answer within ${durationText(Most)}`)),
          Effect.catchDefect((defect) => failed(messageOf(defect))),
          // Interrupted by the store. An interruption by the caller ends this as well.
          Effect.catchCauseIf(Cause.hasInterruptsOnly, () => failed("it was interrupted")),
          Effect.tap((answer) => {
            const reason = whyNone(answer, ...args)
            return reason === undefined ? Effect.void : failed(reason)
          })
        )
    }
    const operations = Object.entries(answers as { readonly [name: string]: WhyNone<ReadonlyArray<never>> })
    const all = operations.map(([name, whyNone]) => [name, guard(name, whyNone)] as const)
    return { place, ...Object.fromEntries(all) } as unknown as S
  }

const anything = (): undefined => undefined

const answer =
  <A>(isOne: (answer: A) => boolean, what: string) =>
  (value: unknown): string | undefined =>
    isOne(Object(value) as A) ? undefined : `its answer is not a valid ${what}`

const when = (isSo: boolean, reason: string): string | undefined => (isSo ? reason : undefined)

const isText = (value: unknown): boolean => typeof value === "string"
const isBoolean = (value: unknown): boolean => typeof value === "boolean"
const areNumbers = (...values: ReadonlyArray<unknown>): boolean => values.every(Number.isFinite)
const isList = <A>(value: unknown, isOne: (one: A) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => isOne(Object(one) as A))

const isSource = ({ age, entries, epoch, sequence, source }: StoredSource): boolean =>
  isText(source) && areNumbers(age, epoch, sequence) && (entries === undefined || entries instanceof Map)
const areSources = answer((all) => isList(all, isSource), "list of sources")

const isEnd = ({ committed, isRetired, last }: EventEnd): boolean => areNumbers(committed, last) && isBoolean(isRetired)
const endOf = answer(isEnd, "end of a source")

const isBatch = ({ bytes, number }: EventBatch): boolean => areNumbers(number) && bytes instanceof Uint8Array
const areBatches = answer((all) => isList(all, isBatch), "list of batches")

const outcomes: ReadonlySet<unknown> = new Set(["written", "outdated", "incomplete", "retired"])

export const guardedStates = guarded<StateStoreService>({
  write: (value, { base }) => {
    if (!outcomes.has(value)) return "its answer is not an outcome of a write"
    return value === "incomplete" && base === undefined
      ? `its answer to a write of everything is "${value}"`
      : undefined
  },
  read: (value, { known }) =>
    areSources(value) ??
    when(
      (value as ReadonlyArray<StoredSource>).some(({ entries, source }) => entries === undefined && !known.has(source)),
      "its answer has no entries for a source that is new to the reader"
    ),
  retire: (value) => (isBoolean(value) ? undefined : "its answer is not a boolean"),
  forget: anything
})

/**
 * Everything was appended, or the store has lost what comes before it. Otherwise the same would be sent again
 * immediately.
 */
const hasAppended = ({ last }: EventEnd, { batches, oldest }: EventAppend): boolean => {
  const [first] = batches
  if (last < oldest - 1) return false
  return first === undefined || last < first.number - 1 || last >= batches.at(-1)!.number
}

export const guardedEvents = guarded<EventStoreService>({
  append: (value, append) => {
    const end = value as EventEnd
    return (
      endOf(end) ??
      when(
        !end.isRetired && !hasAppended(end, append),
        "according to its answer, the batches that follow were not appended"
      )
    )
  },
  join: answer<EventMembers>(
    ({ owners, sources, total }) =>
      isText(total) &&
      isList(owners, () => true) &&
      isList<EventSource>(
        sources,
        ({ age, committed, last, source, version }) =>
          isText(source) && isText(version) && areNumbers(age, committed, last)
      ),
    "list of members"
  ),
  leave: anything,
  state: answer<EventState>(
    ({ parts, position, version }) => isText(version) && areNumbers(position) && parts instanceof Map,
    "state of a source"
  ),
  read: (value, _namespace, _source, after) =>
    areBatches(value) ??
    when(
      (value as ReadonlyArray<EventBatch>).some(({ number }, i, all) => number <= (all[i - 1]?.number ?? after)),
      "the batches of its answer are not the next ones, in order"
    ),
  commit: (value) => (isBoolean(value) ? undefined : "its answer is not a boolean"),
  forget: anything
})
