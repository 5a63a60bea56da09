/**
 * The variables of OpenTelemetry's specification that apply to an exporter of metrics over HTTP. As specified there, an
 * empty variable counts as unset, and an invalid one is reported and ignored.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Check } from "../../model/optionChecks.ts"
import { messageOf } from "../../util/describeError.ts"
import { whyNotHttp } from "./options.ts"

/** Reads variables, and collects their problems. */
export class Variables {
  readonly warnings: Array<string> = []
  readonly #values: ReadonlyMap<string, string>

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /** From the `ConfigProvider`, which reads the environment by default. */
  static readonly read: Effect.Effect<Variables> = Effect.gen(function* () {
    const given = yield* ConfigProvider.ConfigProvider
    // The default provider keeps the environment of its first use, and programs may add to it later.
    const isDefault = given === Context.get(Context.empty(), ConfigProvider.ConfigProvider)
    const provider = isDefault ? ConfigProvider.fromEnv() : given
    const values = new Map<string, string>()
    for (const name of names) {
      const value = yield* Config.option(Config.String(name)).parse(provider)
      if (Option.isSome(value) && value.value.trim() !== "") values.set(name, value.value.trim())
    }
    return new Variables(values)
  }).pipe(Effect.orDie)

  text(...names: ReadonlyArray<Name>): string | undefined {
    return this.#first(names)?.[1]
  }

  /** The value of the first variable that is set, in lower case. */
  oneOf<A>(names: ReadonlyArray<Name>, values: { readonly [text: string]: A }): A | undefined {
    return this.#parsed(names, (text) => {
      const value = Object.hasOwn(values, text.toLowerCase()) ? values[text.toLowerCase()] : undefined
      if (value === undefined) throw new Error(`must be one of ${Object.keys(values).join(", ")}`)
      return value
    })
  }

  url(name: Name, path = ""): string | undefined {
    return this.#parsed([name], (text) => {
      const url = new URL(text)
      refuseFor(whyNotHttp(text))
      if (path !== "") url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`
      return url.href
    })
  }

  /** A number of milliseconds. `zero`: the meaning of 0. */
  millis(names: ReadonlyArray<Name>, zero?: Duration.Duration): Duration.Duration | undefined {
    return this.#parsed(names, (text) => {
      if (!/^\d+$/.test(text)) throw new Error("must be a whole number of milliseconds")
      if (Number(text) > 0) return Duration.millis(Number(text))
      if (zero === undefined) throw new Error("must be more than 0")
      return zero
    })
  }

  isTrue(name: Name): boolean {
    return this.oneOf([name], { true: true, false: false }) === true
  }

  /** `name=value,name=value`, percent-encoded. One entry that cannot be decoded invalidates all of them. */
  pairs(name: Name, check?: Check): { readonly [name: string]: string } {
    return (
      this.#parsed([name], (text) => {
        const pairs = Object.fromEntries(
          text
            .split(",")
            .filter((entry) => entry.trim() !== "")
            .map((entry) => {
              const at = entry.indexOf("=")
              if (at < 1 || entry.slice(0, at).trim() === "") throw new Error("must be name=value,name=value")
              return [decodeURIComponent(entry.slice(0, at).trim()), decodeURIComponent(entry.slice(at + 1).trim())]
            })
        )
        refuseFor(check?.(pairs))
        return pairs
      }) ?? {}
    )
  }

  #first(names: ReadonlyArray<Name>): readonly [name: Name, text: string] | undefined {
    const name = names.find((each) => this.#values.has(each))
    return name && [name, this.#values.get(name)!]
  }

  /** The text is not repeated, because headers are secrets. */
  #parsed<A>(names: ReadonlyArray<Name>, parse: (text: string) => A): A | undefined {
    const found = this.#first(names)
    if (found === undefined) return undefined
    try {
      return parse(found[1])
    } catch (error) {
      this.warnings.push(`${found[0]} is ignored: ${messageOf(error)}`)
      return undefined
    }
  }
}

const refuseFor = (reason: string | undefined): void => {
  if (reason !== undefined) throw new Error(reason)
}

/** General variables come after those of the signal. */
const names = [
  "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
  "OTEL_EXPORTER_OTLP_CLIENT_KEY",
  "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
  "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_METRIC_EXPORT_TIMEOUT",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_SDK_DISABLED",
  "OTEL_SERVICE_NAME"
] as const

type Name = (typeof names)[number]

/** Variables that an `HttpClient` cannot support. */
export const tlsVariables = names.filter((name) => /_(CERTIFICATE|CLIENT_KEY)$/.test(name))
