/** Applies a runtime's defaults to the options of a recorder. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { aDuration, notBlank, refuse, whyInvalid, whyInvalidOptions } from "../model/optionChecks.ts"
import { DefaultTotal } from "../model/totalIds.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { type RecorderOptions, recorderOptionChecks } from "../recorder/options.ts"
import type { RecorderConfig } from "../recorder/parts.ts"
import type { RuntimeOptions } from "./options.ts"

/** The options of a recorder with the defaults of its runtime. A blank `entityId` is not replaced yet. */
export type DecidedOptions<R> = Omit<RecorderConfig<R>, "recorderId" | "namespace" | "link"> & {
  readonly totalOfRemoved: string | false
}

export const recorderIdOf = (recorderId: string): Effect.Effect<string> =>
  Effect.map(refuse(whyInvalid("recorderId", recorderId, notBlank)), () => recorderId.trim())

/** A blank entity id is replaced by a generated one. */
export const entityIdOf = (entityId: string): string => entityId.trim() || crypto.randomUUID()

/** With durable states, the counts of a removed recorder are kept for the next recorder of its id. */
export const defaultTotalOf = ({ durable, totalOfRemoved }: RuntimeOptions): string | false =>
  totalOfRemoved ?? (durable === undefined ? DefaultTotal : false)

/** The id and the options, if they are valid. `defaults` are the options of the runtime. */
export const decideOptions = Effect.fnUntraced(function* <R>(
  recorderId: string,
  own: RecorderOptions<R> | undefined,
  defaults: RuntimeOptions,
  shutdownTimeout: Duration.Input
): Effect.fn.Return<{ readonly id: string; readonly decided: DecidedOptions<R> }> {
  const id = yield* recorderIdOf(recorderId)
  yield* refuse(whyInvalidOptions(own, recorderOptionChecks))
  const decide = <Option extends keyof typeof recorderDefaults>(option: Option) =>
    own?.[option] ?? defaults[option] ?? recorderDefaults[option]
  const total = own?.totalOfRemoved ?? defaultTotalOf(defaults)
  const decided: DecidedOptions<R> = {
    ...own,
    entityId: (own?.entityId ?? id).trim(),
    capacity: decide("capacity"),
    overflow: decide("overflow"),
    backpressureTimeout: decide("backpressureTimeout"),
    logging: decide("logging"),
    shutdownTimeout: own?.shutdownTimeout ?? shutdownTimeout,
    waitTimeout: decide("waitTimeout"),
    totalOfRemoved: total === false ? false : total.trim()
  }
  return { id, decided }
})

type AnyOptions = { readonly [Option in keyof RecorderOptions]?: unknown }

/** The options that differ: hooks by identity, all others by value. */
export const differences = (one: AnyOptions, other: AnyOptions): ReadonlyArray<string> =>
  (Object.keys(recorderOptionChecks) as ReadonlyArray<keyof typeof recorderOptionChecks>).filter((option) => {
    const [a, b] = [one[option], other[option]]
    return recorderOptionChecks[option] === aDuration
      ? !Duration.equals(Duration.fromInputUnsafe(a as Duration.Input), Duration.fromInputUnsafe(b as Duration.Input))
      : a !== b
  })
