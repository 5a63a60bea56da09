/**
 * The updates of the server, and how the connection stands.
 */

export type Connection = "connecting" | "live" | "lost"

/** Calls back until the page is left. The browser reconnects after a lost connection. */
export const listen = (onUpdate: (lines: string) => void, onConnection: (state: Connection) => void): void => {
  const source = new EventSource(new URL("events", import.meta.url))
  source.addEventListener("open", () => onConnection("live"))
  source.addEventListener("message", ({ data }) => onUpdate(data))
  source.addEventListener("error", () => {
    onConnection("lost")
    // Some answers end the attempts of the browser: a proxy says 502 while the application starts again.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onUpdate, onConnection), 2000)
  })
}
