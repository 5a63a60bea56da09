/** States in the memory of this process: for tests, and for several runtimes of one process. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SourceVersion, SourceWrite, StateStoreService, StoredSource, WriteOutcome } from "./stateStore.ts"

interface Kept extends SourceVersion {
  readonly writtenAt: number
  readonly hasEnded: boolean
  readonly isLasting: boolean
  /** `undefined`: it was retired. */
  readonly entries: ReadonlyMap<string, Uint8Array> | undefined
}

const retired = { hasEnded: true, isLasting: false }

/** The source that is the total of the retired ones. */
const Total = ""

export const makeMemory = (): StateStoreService => {
  const namespaces = new Map<string, Map<string, Kept>>()
  const of = (namespace: string): Map<string, Kept> => {
    const found = namespaces.get(namespace) ?? new Map<string, Kept>()
    namespaces.set(namespace, found)
    return found
  }
  const write = (own: Map<string, Kept>, now: number, written: SourceWrite): WriteOutcome => {
    const { base, entries, epoch, hasEnded, isLasting, removed, sequence, source } = written
    const kept = own.get(source)
    if (kept !== undefined && kept.entries === undefined) return "retired"
    if (kept !== undefined && base === sequence && isSameVersion(written, kept)) {
      own.set(source, { ...kept, writtenAt: now })
      return "written"
    }
    if (kept !== undefined && !isLater(written, kept)) return "outdated"
    if (base !== undefined && (kept?.epoch !== epoch || kept.sequence !== base)) return "incomplete"
    const all = new Map(base === undefined ? [] : kept!.entries)
    for (const key of removed) all.delete(key)
    for (const [key, bytes] of entries) all.set(key, bytes.slice())
    own.set(source, { epoch, sequence, hasEnded, isLasting, writtenAt: now, entries: all })
    return "written"
  }
  const retires = (own: Map<string, Kept>, sources: ReadonlyMap<string, SourceVersion>, base: number): boolean =>
    (own.get(Total)?.sequence ?? 0) === base &&
    [...sources].every(([source, version]) => {
      const kept = own.get(source)
      return kept?.entries !== undefined && isSameVersion(kept, version)
    })
  const withNow = <A>(run: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, run)
  return {
    place: "memory",
    write: (written) => withNow((now) => write(of(written.namespace), now, written)),
    read: ({ known, namespace }) =>
      withNow((now) =>
        [...of(namespace)].flatMap(
          ([source, { entries, epoch, hasEnded, isLasting, sequence, writtenAt }]): Array<StoredSource> => {
            if (entries === undefined) return []
            const has = known.get(source)
            const isKnown = has !== undefined && isSameVersion(has, { epoch, sequence })
            const age = now - writtenAt
            return [{ source, epoch, sequence, hasEnded, isLasting, age, entries: isKnown ? undefined : entries }]
          }
        )
      ),
    retire: ({ base, entries, namespace, sources }) =>
      withNow((now) => {
        const own = of(namespace)
        if (!retires(own, sources, base)) return false
        for (const [source, version] of sources) {
          own.set(source, { ...version, ...retired, writtenAt: now, entries: undefined })
        }
        const copies = new Map(Array.from(entries, ([key, bytes]) => [key, bytes.slice()]))
        own.set(Total, { epoch: 0, sequence: base + 1, ...retired, writtenAt: now, entries: copies })
        return true
      }),
    forget: (namespace, olderThan) =>
      withNow((now) => {
        const own = of(namespace)
        for (const [source, { entries, writtenAt }] of own) {
          if (entries === undefined && now - writtenAt > olderThan) own.delete(source)
        }
      })
  }
}

const isLater = (one: SourceVersion, other: SourceVersion): boolean =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.sequence > other.sequence)

const isSameVersion = (one: SourceVersion, other: SourceVersion): boolean =>
  one.epoch === other.epoch && one.sequence === other.sequence
