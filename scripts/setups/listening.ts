import { once } from "node:events"
import { createServer, type Server } from "node:net"

/** Has a server listen on a free port of loopback, and returns the port. */
export const listening = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return (server.address() as { readonly port: number }).port
}

/** Two ports that were free a moment ago. */
export const freePorts = async (): Promise<readonly [number, number]> => {
  const servers = [createServer(), createServer()]
  const [first, second] = await Promise.all(servers.map(listening))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return [first!, second!]
}
