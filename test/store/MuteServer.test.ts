// A server that accepts connections and stays silent: a stalled proxy, or a dead host.
import { createServer, type Socket } from "node:net"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsStore } from "mvx-metrics/MetricsStore"
import * as RedisStore from "mvx-metrics/RedisStore"
import { ShopMetrics } from "../cluster/fixtures/shop.metrics.ts"

const muteServer = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly sockets: Array<Socket>; readonly close: () => void }>((resume) => {
    const sockets: Array<Socket> = []
    const server = createServer((socket) => void sockets.push(socket.on("error", () => {})))
    server.listen(0, "127.0.0.1", () => {
      const close = (): void => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
      resume(Effect.succeed({ port: (server.address() as { readonly port: number }).port, sockets, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

it.live("each use of a Redis server that accepts the connection and stays silent fails in time, and reconnects", () =>
  Effect.gen(function* () {
    const { port, sockets } = yield* muteServer
    const store = RedisStore.make({ url: `redis://127.0.0.1:${port}`, timeout: "100 millis" })
    const reader = yield* MetricsStore.makeReader({ store, namespace: "test.mute", metrics: [ShopMetrics] })
    // Where the machine is busy, the first ones do not come to connect.
    while (sockets.length < 2) {
      expect((yield* Effect.flip(reader.report)).message).toContain("read: no answer within 100 ms. Check")
    }
  })
)
