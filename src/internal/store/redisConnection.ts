/** A connection to Redis or Valkey, over the client that `@effect/platform-node` has as a peer. */
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import { Reconnecting } from "./reconnecting.ts"
import type { ServerSettings } from "./serverOptions.ts"

/** A reply of Redis. Texts of any length arrive as bytes. */
export type RedisReply = string | number | Buffer | null | ReadonlyArray<RedisReply>

export type RedisArgument = string | Uint8Array

/** A Lua script, which Redis runs as one step. */
export interface RedisScript {
  readonly text: string
  readonly sha: string
}

export const redisScript = (text: string): RedisScript => ({
  text,
  sha: createHash("sha1").update(text).digest("hex")
})

export interface RedisConnection {
  /** For messages, without a password. */
  readonly place: string
  /** The prefix of all keys. */
  readonly prefix: string
  /** Sends commands in a row, without waiting for the replies in between. Fails with the first failure. */
  readonly send: (
    operation: string,
    commands: ReadonlyArray<ReadonlyArray<RedisArgument>>
  ) => Effect.Effect<ReadonlyArray<RedisReply>, MetricsStoreError>
  readonly run: (
    operation: string,
    script: RedisScript,
    keys: ReadonlyArray<string>,
    args: ReadonlyArray<RedisArgument>
  ) => Effect.Effect<RedisReply, MetricsStoreError>
}

/** How long a command may block on the server: see {@link redisConnection}. */
interface ConnectionOptions {
  /** In milliseconds: how much longer than usual an answer may take. */
  readonly blocksFor?: number
}

/**
 * Until the scope closes. Connects on first use. Blocking commands need their own connection, because later commands
 * wait behind them.
 */
export const redisConnection = Effect.fnUntraced(function* (
  settings: ServerSettings,
  { blocksFor = 0 }: ConnectionOptions = {}
): Effect.fn.Return<RedisConnection, never, Scope.Scope> {
  const { place } = settings
  const timeout = settings.timeout + blocksFor
  const client = new Reconnecting(yield* Effect.scope, {
    place,
    timeout,
    connect: connect(settings),
    isAlive: ({ isReady }) => isReady
  })
  const send: RedisConnection["send"] = (operation, commands) =>
    client.use(operation, ({ sendCommand }) =>
      Effect.tryPromise({ try: () => Promise.all(commands.map(sendCommand)), catch: (error) => error as Error })
    )
  return {
    place,
    prefix: settings.prefix,
    send,
    run: (operation, { sha, text }, keys, args) => {
      const evaluate = (by: "EVALSHA" | "EVAL", script: string) =>
        Effect.map(send(operation, [[by, script, String(keys.length), ...keys, ...args]]), ([reply]) => reply!)
      return Effect.catchIf(
        evaluate("EVALSHA", sha),
        ({ reason }) => reason.includes("NOSCRIPT"),
        () => evaluate("EVAL", text)
      )
    }
  }
})

interface Client {
  readonly isReady: boolean
  readonly sendCommand: (args: ReadonlyArray<RedisArgument>) => Promise<RedisReply>
}

const connect = ({ timeout, url }: ServerSettings): Effect.Effect<Client, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        // Imported here, because only the thread that uses it needs it.
        const { createClient, RESP_TYPES } = await import("redis")
        const client = createClient({
          url,
          disableOfflineQueue: true,
          // The next use creates it again.
          socket: { reconnectStrategy: false, connectTimeout: timeout }
        })
        // Without a listener the client rethrows the error. The next use finds out what it means.
        client.on("error", () => {})
        const made = { client, binary: client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }), hasSocket: false }
        client.once("connect", () => {
          made.hasSocket = true
        })
        return made
      },
      catch: (error) => error as Error
    }),
    (made) =>
      Effect.sync(() => {
        const { client } = made
        const destroy = (): void => {
          if (client.isOpen) client.destroy()
        }
        // A client that is destroyed before it has its socket would leave the socket open, and the process would not
        // end.
        if (made.hasSocket) destroy()
        else client.once("connect", destroy)
      })
  ).pipe(
    // Connecting can be given up if the server accepts the connection and does not answer.
    Effect.tap(({ client }) => Effect.tryPromise({ try: () => client.connect(), catch: (error) => error as Error })),
    Effect.map(({ binary, client }) => ({
      get isReady() {
        return client.isReady
      },
      sendCommand: (args) => binary.sendCommand(args.map(asArgument)) as unknown as Promise<RedisReply>
    }))
  )

const asArgument = (value: RedisArgument): string | Buffer =>
  typeof value === "string" || Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
