/**
 * What a replacement fold needs to resume where another one died: its checkpoints, and the commands after the last of
 * them. The rows are in the pages, which are not reused before a checkpoint covers them.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import type { Attachment, StreamNumber } from "../stream/commands.ts"
import type { KeptShipping, Saved, SavedBatches } from "../stream/restore.ts"
import { type LogPlace, logPosition } from "../stream/rows/log.ts"
import { hasStack } from "../util/stack.ts"

/** A message received while the stack is short would be lost. */
const CallsOfReceiving = 100

/** The number of commands that may accumulate before checkpoints that have arrived are received. */
const ManyCommands = 2048

const begin: LogPlace = { page: 0, turn: 0, word: 0 }

export class KeptLog {
  /** The place that the last checkpoint covers. */
  place: LogPlace = begin
  /** The same in the streams of attached threads. */
  readonly #attached = new Map<StreamNumber, LogPlace>()
  /** What the fold has saved, by id. Only a replacement fold reads it. */
  readonly segments = new Map<number, SharedArrayBuffer>()
  /** The events that a store may not have yet, saved by a fold in the same way. */
  shipping: KeptShipping | undefined
  #commands: Array<Attachment> = []
  #port: MessagePort | undefined

  /** Receives checkpoints through this port from now on. */
  listen(port: MessagePort): void {
    this.#port = port
    // Node crashes if a message is taken from a closed port. The port closes after its last message.
    port.once("close", () => {
      if (this.#port === port) this.#port = undefined
    })
  }

  placeIn(stream: StreamNumber): LogPlace {
    return this.#attached.get(stream) ?? begin
  }

  /** Forgets a stream that has ended. */
  forget(stream: StreamNumber): void {
    this.#attached.delete(stream)
  }

  get position(): number {
    return logPosition(this.place.turn, this.place.word)
  }

  /** The commands after the last checkpoint, in order. */
  get commands(): ReadonlyArray<Attachment> {
    return this.#commands
  }

  /** Keeps commands, unless `send` throws. */
  keep(commands: ReadonlyArray<Attachment>, send: () => void): void {
    if (this.#commands.length > ManyCommands) this.receive()
    const before = this.#commands.length
    this.#commands.push(...commands)
    try {
      send()
    } catch (failure) {
      this.#commands.length = before
      throw failure
    }
  }

  /** Replaces each command that is kept. */
  replace(by: (command: unknown) => unknown): void {
    this.#commands = this.#commands.map((each) => ({ ...each, command: by(each.command) }))
  }

  /** Replaces the last kept command that `isIt` accepts. */
  replaceLast(isIt: (command: unknown) => boolean, by: (command: unknown) => unknown): void {
    const index = this.#commands.findLastIndex(({ command }) => isIt(command))
    if (index < 0) return
    const kept = this.#commands[index]!
    this.#commands[index] = { ...kept, command: by(kept.command) }
  }

  /**
   * Receives the checkpoints that have arrived. Nothing notifies this side of them, so this is called when a page is
   * full.
   */
  receive(): void {
    if (this.#port === undefined || !hasStack(CallsOfReceiving)) return
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      const message = next.message as Saved | SavedBatches
      if ("segment" in message) this.#add(message)
      else this.addBatches(message)
    }
  }

  addBatches({ batches, oldest, restarts, source }: SavedBatches): void {
    const before = restarts ? [] : (this.shipping?.batches ?? []).filter(({ number }) => number >= oldest)
    const next = (batches.at(-1)?.number ?? Math.max(oldest, this.shipping?.next ?? 1) - 1) + 1
    this.shipping = { source, batches: [...before, ...batches], next }
  }

  #add({ attached = [], covers, drops, id, segment }: Saved): void {
    this.segments.set(id, segment)
    for (const dropped of drops) this.segments.delete(dropped)
    if (covers === undefined) return
    this.place = covers
    for (const { place, stream } of attached) this.#attached.set(stream, place)
    const { position } = this
    const first = this.#commands.findIndex(({ at }) => at > position)
    this.#commands.splice(0, first < 0 ? this.#commands.length : first)
  }
}
