/**
 * A reproducible load of a web server: waves, a slow route, a few errors.
 */
import type { RecorderService } from "mvx-metrics"
import type { HttpEvent } from "../fixtures/http.metrics.ts"

/** Numbers from 0 to 1, the same sequence for the same seed. */
const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const routes = ["/documents/:id", "/search", "/login", "/export"] as const
const slowness = { "/documents/:id": 1, "/search": 4, "/login": 2, "/export": 20 }

/** Emits what happens in each second: call it once for each. */
export const httpLoad = (recorder: RecorderService): ((second: number) => void) => {
  const next = random(1)
  const emit = (event: typeof HttpEvent.Type): boolean => recorder.emitUnsafe(event)
  let open = 0
  return (second) => {
    const busy = 1 + 0.5 * Math.sin(second / 35) + 0.25 * Math.sin(second / 9)
    const slow = second % 150 > 95 && second % 150 < 125 ? 3 : 1
    for (let i = 0; i < 120 * busy; i++) {
      const route = routes[Math.min(3, Math.floor(next() ** 2.2 * 4))]!
      const seconds = 0.003 * slowness[route] * slow * Math.exp(1.2 * (next() + next() + next() - 1.5))
      emit({
        _tag: "http.request",
        method: route === "/login" ? "POST" : next() < 0.1 ? "PUT" : "GET",
        route,
        status: next() < 0.004 * slow ? 503 : next() < 0.03 ? 404 : 200,
        user: `user-${Math.floor(next() ** 2 * 4000)}`,
        seconds,
        bytes: Math.round(400 * Math.exp(5 * next())),
        cached: next() < 0.7 + 0.1 * Math.sin(second / 50)
      })
    }
    const wanted = Math.round(60 * busy + 8 * next())
    for (; open < wanted; open++) emit({ _tag: "http.connection.opened" })
    for (; open > wanted; open--) emit({ _tag: "http.connection.closed" })
    emit({ _tag: "http.queue", length: Math.round(3 * slow * busy * next()) })
  }
}
