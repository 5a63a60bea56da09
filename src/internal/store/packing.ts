/**
 * The form of bytes in a store: deflated if that is shorter, preceded by a marker byte and their length. Bytes stored
 * before this marker existed begin with another byte, and are read as they are.
 */
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib"
import * as Effect from "effect/Effect"
import type { EventStoreService } from "./eventStore.ts"
import type { StateStoreService } from "./stateStore.ts"

/** No state, batch or text of this package begins with it. */
const Deflated = 1

/** The marker, and the length in 32 bits. */
const HeadBytes = 5

/** Fewer bytes are not deflated, because they would hardly become shorter. */
const FewBytes = 128

/** Up to this many bytes are deflated in this thread, because using another thread would take as long. */
const SmallBytes = 8 * 1024

/** More bytes are stored as they are, so that reading never takes more memory than this. */
const MostBytes = 256 * 1024 * 1024

/**
 * When entries are read together, an entry beyond this limit stays packed, because a few bytes may stand for very many.
 */
const MostTogether = 1024 * 1024 * 1024

/** The number of threads that deflate and inflate for one write or read. */
const AtOnce = 4

/** The result is a little larger than at the usual level, and takes less than half the time. */
const level = 3

type Bytes = Uint8Array

const inThreads = (
  run: (bytes: Bytes, done: (error: Error | null, result: Buffer) => void) => void,
  bytes: Bytes
): Effect.Effect<Buffer, Error> =>
  Effect.callback((resume) =>
    run(bytes, (error, result) => resume(error === null ? Effect.succeed(result) : Effect.fail(error)))
  )

const deflated = (bytes: Bytes): Effect.Effect<Buffer, Error> =>
  bytes.byteLength <= SmallBytes
    ? Effect.sync(() => deflateRawSync(bytes, { level }))
    : inThreads((all, done) => deflateRaw(all, { level }, done), bytes)

/** Fails if the result exceeds `maxOutputLength`. */
const inflated = (bytes: Bytes, maxOutputLength: number): Effect.Effect<Buffer, Error> =>
  maxOutputLength <= SmallBytes
    ? Effect.try({ try: () => inflateRawSync(bytes, { maxOutputLength }), catch: (error) => error as Error })
    : inThreads((all, done) => inflateRaw(all, { maxOutputLength }, done), bytes)

export const pack = (bytes: Bytes): Effect.Effect<Bytes> => {
  const { byteLength } = bytes
  if (byteLength < FewBytes || byteLength > MostBytes) return Effect.succeed(bytes)
  return deflated(bytes).pipe(
    Effect.map((short) => {
      if (HeadBytes + short.byteLength >= byteLength) return bytes
      const packed = new Uint8Array(HeadBytes + short.byteLength)
      packed[0] = Deflated
      new DataView(packed.buffer).setUint32(1, byteLength)
      packed.set(short, HeadBytes)
      return packed
    }),
    // Whatever the reason, it can be stored as it is.
    Effect.orElseSucceed(() => bytes)
  )
}

/** `undefined`: it is not packed. */
const unpackedLength = (bytes: Bytes): number | undefined =>
  bytes.byteLength <= HeadBytes || bytes[0] !== Deflated
    ? undefined
    : new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)

/** What cannot be unpacked stays as it is, so that its reader can name it: see {@link whyPacked}. */
export const unpack = (bytes: Bytes): Effect.Effect<Bytes> => {
  const length = unpackedLength(bytes)
  if (length === undefined || length > MostBytes) return Effect.succeed(bytes)
  return inflated(bytes.subarray(HeadBytes), length).pipe(
    Effect.map((all) => (all.byteLength === length ? all : bytes)),
    Effect.orElseSucceed(() => bytes)
  )
}

/** The same for entries that are read together. */
const unpacking = (): ((bytes: Bytes) => Effect.Effect<Bytes>) => {
  let left = MostTogether
  return (bytes) => {
    const length = unpackedLength(bytes) ?? 0
    if (length > left) return Effect.succeed(bytes)
    if (length <= MostBytes) left -= length
    return unpack(bytes)
  }
}

/** Why bytes that were read are still packed, if they are. */
export const whyPacked = (bytes: Bytes): string | undefined => {
  const length = unpackedLength(bytes)
  return length === undefined
    ? undefined
    : `it was not inflated to its ${length} bytes, as it is damaged or too large: at most ${MostBytes} bytes, and ${MostTogether} of one source, are inflated`
}

/** By key, for those that exist. */
const each = <A extends Bytes | undefined>(
  all: ReadonlyMap<string, A>,
  change: (bytes: Bytes) => Effect.Effect<Bytes>
): Effect.Effect<ReadonlyMap<string, A | Bytes>> =>
  Effect.map(
    Effect.forEach(
      all,
      ([key, bytes]) => {
        const changed: Effect.Effect<A | Bytes> = bytes === undefined ? Effect.succeed(bytes) : change(bytes)
        return Effect.map(changed, (changed) => [key, changed] as const)
      },
      { concurrency: AtOnce }
    ),
    (entries) => new Map(entries)
  )

const inOrder = <A extends { readonly bytes: Bytes }>(
  all: ReadonlyArray<A>,
  change: (bytes: Bytes) => Effect.Effect<Bytes>
): Effect.Effect<ReadonlyArray<A>> =>
  Effect.forEach(all, (one) => Effect.map(change(one.bytes), (bytes) => ({ ...one, bytes })), { concurrency: AtOnce })

export const packedStates = (store: StateStoreService): StateStoreService => ({
  ...store,
  write: (write) => Effect.flatMap(each(write.entries, pack), (entries) => store.write({ ...write, entries })),
  read: (read) =>
    Effect.flatMap(store.read(read), (sources) =>
      Effect.forEach(sources, (source) =>
        source.entries === undefined
          ? Effect.succeed(source)
          : Effect.map(each(source.entries, unpacking()), (entries) => ({ ...source, entries }))
      )
    ),
  retire: (retired) => Effect.flatMap(each(retired.entries, pack), (entries) => store.retire({ ...retired, entries }))
})

export const packedEvents = (store: EventStoreService): EventStoreService => ({
  ...store,
  append: (append) => Effect.flatMap(inOrder(append.batches, pack), (batches) => store.append({ ...append, batches })),
  state: (namespace, source) =>
    Effect.flatMap(store.state(namespace, source), (state) =>
      Effect.map(each(state.parts, unpacking()), (parts) => ({ ...state, parts }))
    ),
  read: (namespace, source, after, bytes) =>
    Effect.flatMap(store.read(namespace, source, after, bytes), (batches) => inOrder(batches, unpacking())),
  commit: (namespace, commits) =>
    Effect.flatMap(
      Effect.forEach(commits, (commit) => Effect.map(each(commit.parts, pack), (parts) => ({ ...commit, parts }))),
      (packed) => store.commit(namespace, packed)
    )
})
