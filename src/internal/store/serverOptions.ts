/** The options of a store on a server, and the module that makes it. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Check, finiteDuration, notBlank, whyInvalidOptions } from "../model/optionChecks.ts"
import { millisOf } from "../util/timing.ts"
import { EventStore, type EventStoreService } from "./eventStore.ts"
import { StateStore, type StateStoreService } from "./stateStore.ts"
import { type StoreModule, storeModule } from "./storeModule.ts"

/**
 * The location of the store.
 *
 * @category options
 * @since 0.2.0
 */
export interface ServerOptions {
  /**
   * The URL of the server, with the user, and the password where it needs one: `redis://`, or `rediss://` for TLS, and
   * `postgres://` with the database.
   */
  readonly url: string
  /**
   * The prefix of keys or table names. Applications that share a server need different prefixes. In PostgreSQL it has
   * letters, digits and `_`. Default: `"mvx-metrics:"` in Redis, `"mvx_metrics_"` in PostgreSQL.
   */
  readonly prefix?: string
  /** The time limit of each use of the server, connecting included, by the real clock. Default: 5 seconds. */
  readonly timeout?: Duration.Input
}

export interface ServerSettings {
  /** The URL without a password, for messages. */
  readonly place: string
  readonly url: string
  readonly prefix: string
  /** In milliseconds. */
  readonly timeout: number
}

/** The kind of server that a store uses, and how it is opened. */
interface ServerKind {
  /** The protocols of their URLs. */
  readonly protocols: ReadonlyArray<string>
  readonly defaultPrefix: string
  /** The check of a prefix. */
  readonly aPrefix: Check
  /** The URL of the module that has `layer`. */
  readonly module: () => URL | string
  readonly open: (settings: ServerSettings) => Effect.Effect<Services, never, Scope.Scope>
}

type Services = Context.Context<StateStore | EventStore>

/** What a module of such a store exports. */
export const serverStore = (kind: ServerKind) => ({
  make: (options: ServerOptions): StoreModule =>
    storeModule(kind.module(), options, serverSettings(options, kind).place),
  layer: (options: ServerOptions): Layer.Layer<StateStore | EventStore> =>
    Layer.effectContext(Effect.suspend(() => kind.open(serverSettings(options, kind))))
})

export const servicesOf = (states: StateStoreService, events: EventStoreService): Services =>
  Context.add(Context.make(StateStore, states), EventStore, events)

/** Throws what is wrong with the options, if anything is. */
export const serverSettings = (
  options: ServerOptions,
  { aPrefix, defaultPrefix, protocols }: Pick<ServerKind, "aPrefix" | "defaultPrefix" | "protocols">
): ServerSettings => {
  const aUrl: Check = (value) =>
    notBlank(value) ??
    (protocols.includes(URL.parse(value as string)?.protocol ?? "")
      ? undefined
      : `must be a URL of the server that begins with ${protocols.map((each) => `${each}//`).join(" or ")}`)
  const invalid = whyInvalidOptions(options, { url: aUrl, prefix: aPrefix, timeout: finiteDuration }, ["url"])
  if (invalid !== undefined) throw invalid
  const { prefix = defaultPrefix, timeout = "5 seconds", url } = options
  return { place: withoutPassword(url), url, prefix, timeout: millisOf(timeout) }
}

const withoutPassword = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
