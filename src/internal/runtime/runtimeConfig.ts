/** The options of a runtime from `Config`, under the library's own names. */
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

/** A variable accepts the same values as the option in code. */
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

/** The options from variables, and the given ones for the rest. */
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
      // For the durable state, a variable only sets the folder.
      const { store, ...durable } = { ...defaults.durable, ...read.durable }
      return { ...defaults, namespace, ...read, ...(read.durable && { durable }) }
    }
  )
}

/** Options that are each a `Config`, or a single `Config` of all of them. */
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
