/**
 * The page as served, with generated updates: it isolates the cost of the page from that of a runtime.
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { LiveData } from "../../../src/internal/live/model/update.ts"
import { page, script, style } from "../../../src/internal/live/server/assets.generated.ts"
import { updateLines } from "../../../src/internal/live/server/updateSteps.ts"

export interface StubPage {
  readonly url: string
  /** Sends an update to every page that is open. */
  readonly send: (data: LiveData) => void
  /** Ends the streams. Pages connect again, unless `refuse` is set. */
  readonly cut: (refuse?: boolean) => void
  readonly close: () => Promise<void>
}

const files: { readonly [path: string]: readonly [type: string, body: string] } = {
  "/live": ["text/html", page.replaceAll("{{below}}", "./live")],
  "/live/page.js": ["text/javascript", script],
  "/live/page.css": ["text/css", style]
}

export const stubPage = async (): Promise<StubPage> => {
  const streams = new Set<ServerResponse>()
  let refusing = false
  let last = ""
  const server = createServer(({ url }, response) => {
    const file = files[url ?? ""]
    if (file !== undefined) {
      response.setHeader("content-type", `${file[0]}; charset=utf-8`).end(file[1])
    } else if (url === "/live/events" && !refusing) {
      response.setHeader("content-type", "text/event-stream").write(`retry: 100\n\n${last}`)
      streams.add(response)
      response.on("close", () => streams.delete(response))
    } else {
      response.writeHead(refusing ? 503 : 404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const cut = (refuse = false): void => {
    refusing = refuse
    for (const stream of streams) stream.end()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    send: (data) => {
      last = `data: ${updateLines(data).replaceAll("\n", "\ndata: ")}\n\n`
      for (const stream of streams) stream.write(last)
    },
    cut,
    close: async () => {
      cut(true)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
