/**
 * The options of a runtime from `Config`, under names of the library's own.
 */
import * as Config from "effect/Config"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import {
  aDuration,
  aRecord,
  type Check,
  isRecord,
  notBlank,
  whyInvalid,
  whyInvalidOptions
} from "../model/optionChecks.ts"
import type { DurableOptions } from "./durableOptions.ts"
import { runtimeOptionChecks as checks, type RuntimeOptions } from "./options.ts"

/** What an option accepts in code, a variable accepts as well. */
const accepted = (check: Check) => Schema.makeFilter<unknown>((value) => check(value))

const namespace = Config.schema(Schema.Trim.check(accepted(checks.namespace)), "METRICS_NAMESPACE")

const duration = (name: string) => Config.schema(Schema.DurationFromString.check(accepted(aDuration)), name)

const optional = {
  capacity: Config.schema(Schema.Finite.check(accepted(checks.capacity)), "METRICS_CAPACITY"),
  overflow: Config.Literals(["drop-newest", "drop-oldest", "backpressure", "fail"], "METRICS_OVERFLOW"),
  backpressureTimeout: duration("METRICS_BACKPRESSURE_TIMEOUT"),
  logging: Config.Literals(["silent", "normal", "inspection"], "METRICS_LOGGING"),
  shutdownTimeout: duration("METRICS_SHUTDOWN_TIMEOUT"),
  waitTimeout: duration("METRICS_WAIT_TIMEOUT"),
  totalOfRemoved: Config.map(
    Config.schema(Schema.Trim.check(accepted(notBlank)), "METRICS_TOTAL_OF_REMOVED"),
    (id): string | false => (id === "false" ? false : id)
  ),
  memoryLimit: Config.map(
    Config.schema(Schema.ByteSize.check(accepted((size) => checks.memoryLimit(Number(size)))), "METRICS_MEMORY_LIMIT"),
    Number
  ),
  durable: Config.map(
    Config.schema(Schema.Trim.check(accepted(notBlank)), "METRICS_DURABLE_DIRECTORY"),
    (directory): DurableOptions => ({ directory })
  )
} satisfies {
  readonly [K in keyof Omit<
    RuntimeOptions,
    "namespace" | "onStateChanged" | "flightRecorder" | "stream"
  >]-?: Config.Config<NonNullable<RuntimeOptions[K]>>
}

/** The options that the variables set, and the given ones for those that they do not. */
export const runtimeConfig = (defaults: Partial<RuntimeOptions>): Config.Config<RuntimeOptions> => {
  const invalid = whyInvalidOptions(defaults, { ...checks, durable: aRecord, stream: aRecord })
  if (invalid !== undefined) throw invalid
  return Config.map(
    Config.all({
      namespace: defaults.namespace === undefined ? namespace : Config.withDefault(namespace, defaults.namespace),
      ...Record.map(optional, (each: Config.Config<unknown>) => Config.option(each))
    }),
    ({ namespace, ...options }) => {
      const read: Partial<RuntimeOptions> = Record.getSomes(options)
      // Of the durable state, a variable says the folder alone.
      const { store, ...durable } = { ...defaults.durable, ...read.durable }
      return { ...defaults, namespace, ...read, ...(read.durable && { durable }) }
    }
  )
}

/** Options of which each is a `Config`, or all together are one. */
export const unwrapped = <A>(options: Config.Wrap<A>): Config.Config<A> => {
  const invalid = whyInvalid("options", options, someConfigs)
  if (invalid !== undefined) throw invalid
  return Config.unwrap(options)
}

const someConfigs: Check = (value) =>
  areConfigs(value) ? undefined : "must be a Config, or an object of them: Config.succeed has a value that is known"

/** Options within options are two levels deep. */
const areConfigs = (value: unknown, depth = 0): boolean =>
  Config.isConfig(value) ||
  (depth < 3 && isRecord(value) && Object.values(value).every((each) => areConfigs(each, depth + 1)))
