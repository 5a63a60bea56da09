/**
 * For how long sources have been silent. A reader trusts the clock of the store for a source that it sees for the first time.
 * From then on it counts by its own clock from when it last saw the source write, so that a clock of the store that is set
 * ends nobody, and keeps nobody alive.
 */
import type { SourceVersion, StoredSource } from "../store/stateStore.ts"

/** Times are of the reader, in milliseconds. */
interface Seen extends SourceVersion {
  readonly firstAt: number
  readonly at: number
  /** By the clock of the store. */
  readonly age: number
  readonly wroteAt: number
}

/** A source that is there writes every five seconds. Replies of a store take less time than this, in milliseconds. */
const Slack = 2000

export class Liveness {
  #seen = new Map<string, Seen>()
  #now = 0

  /** What a store has, read at this time of a clock that is not set. */
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

  /** For how long this reader itself has seen a source write nothing. */
  watched(source: string): number {
    const { firstAt, wroteAt } = this.#seen.get(source)!
    return this.#now - Math.max(firstAt, wroteAt)
  }
}
