/** What is to happen, in the order of virtual time: a heap. */
export class Agenda {
  readonly #times: Array<number> = []
  readonly #actions: Array<() => void> = []

  /** The time of the next thing. */
  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  at(time: number, action: () => void): void {
    if (!Number.isFinite(time)) return
    let i = this.#times.length
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#times[parent]! <= time) break
      this.#move(parent, i)
      i = parent
    }
    this.#times[i] = time
    this.#actions[i] = action
  }

  runNext(): void {
    const action = this.#actions[0]!
    const lastTime = this.#times.pop()!
    const lastAction = this.#actions.pop()!
    const { length } = this.#times
    if (length > 0) {
      let i = 0
      while (2 * i + 1 < length) {
        const left = 2 * i + 1
        const child = left + 1 < length && this.#times[left + 1]! < this.#times[left]! ? left + 1 : left
        if (this.#times[child]! >= lastTime) break
        this.#move(child, i)
        i = child
      }
      this.#times[i] = lastTime
      this.#actions[i] = lastAction
    }
    action()
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from]!
    this.#actions[to] = this.#actions[from]!
  }
}
