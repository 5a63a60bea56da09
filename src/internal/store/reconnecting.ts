/**
 * A client of a server that is created on first use, and again after it was lost, so that a store can be opened while
 * its server is down. Every use has a time limit, and one that exceeds it drops the client.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import { withLiveClock } from "../util/liveClock.ts"

interface ReconnectingOptions<Client> {
  /** For messages, without a password. */
  readonly place: string
  /** The limit in milliseconds, by the real clock, of a use and of the connecting before it. */
  readonly timeout: number
  readonly connect: Effect.Effect<Client, unknown, Scope.Scope>
  /** Whether a client can still be used. */
  readonly isAlive: (client: Client) => boolean
}

interface Open<Client> {
  readonly client: Client
  readonly scope: Scope.Closeable
}

/** Clients wrap the server's message in their own message that something failed. */
const rootOf = (error: unknown): unknown => {
  let root = error
  for (let i = 0; i < MostCauses && Predicate.hasProperty(root, "cause") && Predicate.isObject(root.cause); i++) {
    root = root.cause
  }
  return root
}

const MostCauses = 8

export class Reconnecting<Client> {
  readonly #options: ReconnectingOptions<Client>
  readonly #scope: Scope.Scope
  /** One caller connects, and the others wait for it. */
  readonly #connecting = Semaphore.makeUnsafe(1)
  #open: Open<Client> | undefined

  constructor(scope: Scope.Scope, options: ReconnectingOptions<Client>) {
    this.#scope = scope
    this.#options = options
  }

  get place(): string {
    return this.#options.place
  }

  use<A, E>(operation: string, f: (client: Client) => Effect.Effect<A, E>): Effect.Effect<A, MetricsStoreError> {
    const { place, timeout } = this.#options
    const failed = (reason: string) => new MetricsStoreError({ store: place, operation, reason })
    let used: Open<Client> | undefined
    return this.#client.pipe(
      Effect.flatMap((open) => {
        used = open
        return f(open.client)
      }),
      Effect.timeoutOrElse({
        duration: timeout,
        // The answer to what was sent may still arrive, out of turn.
        orElse: () => Effect.andThen(this.#lose(used), Effect.fail(failed(`no answer within ${timeout} ms`)))
      }),
      withLiveClock,
      Effect.mapError((error) => (error instanceof MetricsStoreError ? error : failed(messageOf(rootOf(error))))),
      Effect.tapError(() =>
        used !== undefined && !this.#options.isAlive(used.client) ? this.#lose(used) : Effect.void
      )
    )
  }

  get #client(): Effect.Effect<Open<Client>, unknown> {
    return this.#connecting.withPermit(
      Effect.suspend(() => {
        if (this.#open !== undefined && this.#options.isAlive(this.#open.client)) return Effect.succeed(this.#open)
        return Effect.andThen(this.#lose(this.#open), this.#connect)
      })
    )
  }

  get #connect(): Effect.Effect<Open<Client>, unknown> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const scope = yield* Scope.fork(this.#scope)
        const client = yield* restore(Scope.provide(this.#options.connect, scope)).pipe(
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        )
        this.#open = { client, scope }
        return this.#open
      })
    )
  }

  /** Closing may wait for a server that does not answer, so it runs in the background. */
  #lose(lost: Open<Client> | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (lost === undefined || this.#open !== lost) return Effect.void
      this.#open = undefined
      return Effect.asVoid(Effect.forkDetach(Scope.close(lost.scope, Exit.void)))
    })
  }
}
