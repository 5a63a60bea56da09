/** Stores that somebody else may have written, which answer in time or fail, whatever they do. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { within } from "../util/liveClock.ts"
import type { EventEnd, EventMembers, EventSource, EventState, EventStoreService } from "./eventStore.ts"
import type { StateStoreService, StoredSource } from "./stateStore.ts"

/** The stores of this package have shorter limits of their own. */
const Most = Duration.seconds(60)

interface Store {
  readonly place: string
}

type Operation = (...args: ReadonlyArray<never>) => Effect.Effect<unknown, MetricsStoreError>

/** By the functions of a port, why an answer is none. */
type Answers<S> = { readonly [Name in Exclude<keyof S, keyof Store>]: (answer: unknown) => string | undefined }

const guarded =
  <S extends Store>(answers: Answers<S>) =>
  (store: S): S => {
    const { place } = store
    const guard = (operation: string, whyNone: (answer: unknown) => string | undefined): Operation => {
      const failed = (reason: string) => Effect.fail(new MetricsStoreError({ store: place, operation, reason }))
      return (...args) =>
        // A method of an object, for a store that is one.
        Effect.suspend(() => (store as unknown as { readonly [name: string]: Operation })[operation]!(...args)).pipe(
          within(Most, () => failed(`no answer within ${Duration.format(Most)}`)),
          Effect.catchDefect((defect) => failed(messageOf(defect))),
          Effect.tap((answer) => {
            const reason = whyNone(answer)
            return reason === undefined ? Effect.void : failed(reason)
          })
        )
    }
    const operations = Object.entries(answers as { readonly [name: string]: (answer: unknown) => string | undefined })
    const all = operations.map(([name, whyNone]) => [name, guard(name, whyNone)] as const)
    return { place, ...Object.fromEntries(all) } as unknown as S
  }

const anything = (): undefined => undefined

const answer =
  <A>(isOne: (answer: A) => boolean, what: string) =>
  (value: unknown): string | undefined =>
    isOne(Object(value) as A) ? undefined : `its answer is no ${what}`

const isText = (value: unknown): boolean => typeof value === "string"
const isBoolean = (value: unknown): boolean => typeof value === "boolean"
const areNumbers = (...values: ReadonlyArray<unknown>): boolean => values.every(Number.isFinite)
const isList = <A>(value: unknown, isOne: (one: A) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => isOne(Object(one) as A))

const outcomes: ReadonlySet<unknown> = new Set(["written", "outdated", "incomplete", "retired"])

export const guardedStates = guarded<StateStoreService>({
  write: (value) => (outcomes.has(value) ? undefined : "its answer is no outcome of a write"),
  read: answer(
    (all) =>
      isList<StoredSource>(
        all,
        ({ age, entries, epoch, sequence, source }) =>
          isText(source) && areNumbers(age, epoch, sequence) && (entries === undefined || entries instanceof Map)
      ),
    "list of sources"
  ),
  retire: (value) => (isBoolean(value) ? undefined : "its answer is no boolean"),
  forget: anything
})

export const guardedEvents = guarded<EventStoreService>({
  append: answer<EventEnd>(
    ({ committed, isRetired, last }) => areNumbers(committed, last) && isBoolean(isRetired),
    "end of a source"
  ),
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
  read: answer(
    (all) =>
      isList<{ readonly number: number; readonly bytes: Uint8Array }>(
        all,
        ({ bytes, number }) => areNumbers(number) && bytes instanceof Uint8Array
      ),
    "list of batches"
  ),
  commit: (value) => (isBoolean(value) ? undefined : "its answer is no boolean"),
  forget: anything
})
