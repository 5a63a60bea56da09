import type { Attachment } from "./commands.ts"

/**
 * The commands of a stream that have arrived and are not read yet, in order. A row in the stream marks the place of
 * each.
 */
export class Attachments {
  #all: Array<Attachment | undefined> = []
  #next = 0

  add(attachments: ReadonlyArray<Attachment>): void {
    if (this.#next === this.#all.length) {
      this.#all = []
      this.#next = 0
    }
    for (const attachment of attachments) this.#all.push(attachment)
  }

  /** The command that the next command row refers to, if it has arrived. */
  get next(): Attachment | undefined {
    return this.#all[this.#next]
  }

  /** Removes the command that was read. */
  shift(): void {
    this.#all[this.#next++] = undefined
  }
}
