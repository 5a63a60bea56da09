/**
 * Records every access to shared memory that another thread could notice, in order, while both sides run in this thread.
 *
 * Atomic accesses are seen as calls. A plain store may become visible at any time before the next of them, so only the
 * words that have changed between two of them are known, as a set: `write`, and their names.
 */
import { vi } from "@effect/vitest"

interface Memory {
  readonly words: Int32Array
  readonly seen: Int32Array
  readonly nameOf: (index: number) => string
}

type AtomicCall = (words: Int32Array, index: number, ...args: ReadonlyArray<never>) => unknown

const names = ["load", "store", "add", "exchange", "compareExchange", "notify", "wait", "waitAsync"] as const
const atomics = Atomics as unknown as { readonly [name in (typeof names)[number]]: AtomicCall }
const calls = names.map((name) => [name, atomics[name]] as const)

export class SharedAccesses {
  readonly #memories: Array<Memory> = []
  #all: Array<string> = []
  /** The number of accesses until one throws, as if the stack were used up at the call that it stands for. */
  untilFailure = Number.POSITIVE_INFINITY
  /** Runs instead of a wait that would begin. */
  onWait = (): void => {}

  constructor() {
    for (const [name, call] of calls) {
      const recorded: AtomicCall = (words, index, ...args) => {
        const memory = this.#memories.find(({ words: { buffer } }) => buffer === words.buffer)
        if (memory === undefined) return call(words, index, ...args)
        this.note(`${name} ${memory.nameOf(index)}`)
        const result = name === "wait" ? this.#wait(words[index], args[0]) : call(words, index, ...args)
        memory.seen[index] = memory.words[index]!
        return result
      }
      vi.spyOn(atomics, name).mockImplementation(recorded)
    }
  }

  #wait(value: number | undefined, expected: number | undefined): string {
    if (value !== expected) return "not-equal"
    this.onWait()
    return "ok"
  }

  /** Records accesses to this memory from now on. */
  watch(buffer: ArrayBufferLike, nameOf: (index: number) => string): void {
    const words = new Int32Array(buffer)
    this.#memories.push({ words, seen: words.slice(), nameOf })
  }

  /** Records something that orders all stores before it, like an atomic access. */
  note(access: string): void {
    if (--this.untilFailure === 0) throw new RangeError("Maximum call stack size exceeded")
    const written = new Set<string>()
    for (const { nameOf, seen, words } of this.#memories) {
      for (let i = 0; i < words.length; i++) if (words[i] !== seen[i]) written.add(nameOf(i))
      seen.set(words)
    }
    if (written.size > 0) this.#all.push(`write ${[...written].toSorted().join(" and ")}`)
    this.#all.push(access)
  }

  /** Fills words with -1, which is not recorded. All stores were followed by an atomic access. */
  fill(words: Int32Array): void {
    words.fill(-1)
    for (const { seen, words } of this.#memories) seen.set(words)
  }

  /** Everything since the last call. */
  take(): ReadonlyArray<string> {
    this.note("end")
    const taken = this.#all.slice(0, -1)
    this.#all = []
    return taken
  }
}
