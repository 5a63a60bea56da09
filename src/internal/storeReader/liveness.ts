/**
 * How long sources have been silent. For a source that it sees for the first time, a reader trusts the clock of the
 * store. From then on it uses its own clock, from when it last saw the source write, so that a change of the store's
 * clock neither ends a source nor keeps it alive.
 */
import type { SourceVersion, StoredSource } from "../store/stateStore.ts"

/** Times of the reader's clock, in milliseconds. */
interface Seen extends SourceVersion {
  readonly firstAt: number
  readonly at: number
  /** By the clock of the store. */
  readonly age: number
  readonly wroteAt: number
}

/** A running source writes every five seconds. Replies of a store take less time than this, in milliseconds. */
const Slack = 2000

export class Liveness {
  #seen = new Map<string, Seen>()
  #now = 0

  /** Records the contents of a store, read at this time of a monotonic clock. */
  see(stored: ReadonlyArray<StoredSource>, now: number): void {
    this.#now = now
    this.#seen = new Map(stored.map((source) => [source.source, this.#looked(source)]))
  }

  #looked({ age, epoch, sequence, source }: StoredSource): Seen {
    const now = this.#now
    const before = this.#seen.get(source)
    if (before === undefined) return { epoch, sequence, age, at: now, firstAt: now, wroteAt: now - Math.max(0, age) }
    const elapsed = now - before.at
    const hasWritten = epoch !== before.epoch || sequence !== before.sequence || age < before.age + elapsed - Slack
    const wroteAt = hasWritten ? now - Math.min(Math.max(0, age), elapsed) : before.wroteAt
    return { epoch, sequence, age, at: now, firstAt: before.firstAt, wroteAt }
  }

  /** How long ago a source has written, in milliseconds. */
  silence(source: string): number {
    return this.#now - this.#seen.get(source)!.wroteAt
  }

  /** How long this reader itself has seen no write of a source. */
  watched(source: string): number {
    const { firstAt, wroteAt } = this.#seen.get(source)!
    return this.#now - Math.max(firstAt, wroteAt)
  }
}
