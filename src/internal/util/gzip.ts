import { constants, createGzip } from "node:zlib"
import { owned, PieceBytes, type Pieces, PieceWriter } from "./pieces.ts"

/** Compresses pieces in a thread of Node, in turns of the event loop. Returns the function that aborts it. */
export const gzipped = (
  pieces: ReadonlyArray<Uint8Array>,
  onEnd: (compressed: Pieces | undefined, error?: Error) => void
): (() => void) => {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: PieceBytes })
  const compressed = new PieceWriter()
  let next = 0
  const goOn = (): void => {
    if (next === pieces.length) gzip.end()
    else gzip.write(pieces[next++]!, goOn)
  }
  // Several chunks share the same memory.
  gzip.on("data", (chunk: Uint8Array) => compressed.add(new Uint8Array(chunk)))
  gzip.on("end", () => onEnd(compressed.finish().map(owned)))
  gzip.on("error", (error) => onEnd(undefined, error))
  goOn()
  return () => void gzip.destroy()
}
