import type { Attachment } from "./commands.ts"

/** The commands of a stream that have come and were not read yet, in order: a row says where the next one stands. */
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

  /** The one that the next row of a command is about, if it has come. */
  get next(): Attachment | undefined {
    return this.#all[this.#next]
  }

  /** It was read. */
  shift(): void {
    this.#all[this.#next++] = undefined
  }
}
