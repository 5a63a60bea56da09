/**
 * An attached thread, as seen from the runtime's thread: serves the thread's requests through its port, and closes what
 * it leaves when it has ended.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { AttachedStream } from "../link/attachedStream.ts"
import type { Link, LinkedThreads } from "../link/link.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Usage } from "../model/runtimeStats.ts"
import type { RecorderControl } from "../recorder/control.ts"
import type { RemoteEvents } from "../recorder/remoteIntake.ts"
import type { Command, Lane } from "../stream/commands.ts"
import { type LaneBooks, makeBooks } from "../stream/rows/laneBooks.ts"
import { PageBytes } from "../stream/rows/page.ts"
import type { CatalogEntries } from "../stream/workerMessages.ts"
import { HostedLane } from "./hostedLane.ts"
import type { FromThread, NameCollision, ThreadCommand, ThreadRecorder, ToThread } from "./messages.ts"

/** The runtime that a thread is attached to. */
export interface HostRuntime {
  readonly namespace: string
  readonly link: Link
  /** Whether it is running and not shutting down. */
  readonly isRunning: () => boolean
  /** Makes a recorder that represents one of a thread. `undefined`: the runtime accepts none any more. */
  readonly makeRecorder: (
    threadId: number,
    recorder: ThreadRecorder,
    remote: RemoteEvents
  ) => RecorderControl | undefined
  /** Removes it when everything is folded. Never fails. */
  readonly removeRecorder: (control: RecorderControl) => Effect.Effect<void>
  /** Looks for metrics, including in these modules. Fails with an encoded error. */
  readonly find: (metrics: CatalogEntries, modules: ReadonlyArray<string>) => Effect.Effect<CatalogEntries, unknown>
  /** A metric that was found. */
  readonly definition: (name: string) => Metric.Any | undefined
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<unknown>
  /** The thread has ended, and everything it had is folded. */
  readonly onEnd: (thread: HostedThread) => void
}

interface Hosted {
  readonly lane: HostedLane
  readonly control: RecorderControl
}

export class HostedThread {
  readonly threadId: number
  readonly #port: MessagePort
  readonly #runtime: HostRuntime
  readonly #threads: LinkedThreads
  readonly #stream: AttachedStream
  readonly #reserved = new Map<Lane, LaneBooks>()
  readonly #lanes = new Map<Lane, Hosted>()
  /** The removals of recorders that the thread has requested. */
  readonly #removals = new Set<Fiber.Fiber<unknown>>()
  /** Metrics whose names the thread has claimed, by request. */
  readonly #claimed = new Map<number, ReadonlyArray<Metric.Any>>()
  #queue: Array<FromThread> = []
  #isReceiving = false
  #isOpen = true

  constructor(
    port: MessagePort,
    hello: Extract<FromThread, { readonly _tag: "Hello" }>,
    threads: LinkedThreads,
    runtime: HostRuntime
  ) {
    this.threadId = hello.threadId
    this.#port = port
    this.#runtime = runtime
    this.#threads = threads
    this.#stream = threads.add(hello.words, hello.bytes, this.#drain)
    port.on("message", this.#onMessage)
    port.on("close", this.#onClose)
    port.unref()
    const { namespace } = runtime
    this.#post({ _tag: "Welcome", namespace, control: threads.control, memory: this.#stream.fixed })
  }

  get controls(): ReadonlyArray<RecorderControl> {
    return Array.from(this.#lanes.values(), ({ control }) => control)
  }

  /** Completes when the removals requested so far are done. */
  get removed(): Effect.Effect<void> {
    return Effect.suspend(() => Effect.asVoid(Fiber.awaitAll(this.#removals)))
  }

  get memory(): Usage {
    const { pages, pagesInUse } = this.#stream
    return { used: pagesInUse * PageBytes, limit: pages.length * PageBytes }
  }

  restarted(): void {
    this.#post({ _tag: "Restarted" })
  }

  /** The runtime starts to end. */
  closing(): void {
    this.#post({ _tag: "Closing" })
  }

  /** The runtime has ended. */
  close(): void {
    this.#isOpen = false
    this.#port.close()
  }

  #post(message: ToThread): void {
    if (this.#isOpen) this.#port.postMessage(message)
  }

  // --- what it says

  readonly #onMessage = (message: FromThread): void => {
    this.#queue.push(message)
    this.#receive()
  }

  /** Receives what has arrived, unless a message is being received, because later ones must not overtake it. */
  readonly #drain = (): number | undefined => {
    if (this.#isReceiving) return undefined
    // Node crashes if a message is taken from a closed port.
    if (this.#isOpen) {
      for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
        this.#queue.push(next.message)
      }
    }
    return this.#receive()
  }

  #receive(): number {
    let count = 0
    if (this.#isReceiving) return count
    this.#isReceiving = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        count++
        this.#take(next)
      }
    } finally {
      this.#isReceiving = false
    }
    return count
  }

  #take(message: FromThread): void {
    switch (message._tag) {
      case "Hello":
        return
      case "Memory":
        return this.#threads.opened(this.#stream, message.first, message.buffer)
      case "Reserve": {
        const { counters, lane } = this.#threads.reserveLane()
        const books = makeBooks()
        this.#reserved.set(lane, books)
        return this.#post({ _tag: "Reserved", reserved: { lane, counters, books } })
      }
      case "Command":
        return this.#command(message)
      case "Left":
        this.#stream.sentAt(message.position)
        this.#lanes.get(message.lane)?.lane.left()
        return this.#stream.left(message.lane)
      case "Unwanted":
        return this.#lanes.get(message.lane)?.lane.unwanted(message.request)
      case "Find": {
        const { metrics, modules, request } = message
        return void this.#runtime.run(
          Effect.match(this.#runtime.find(metrics, modules), {
            onSuccess: (found) =>
              this.#post({ _tag: "Found", request, metrics: found, collisions: this.#claim(request, metrics) }),
            onFailure: (error) => this.#post({ _tag: "NotFound", request, error })
          })
        )
      }
      case "Forget":
        return this.#release(message.request)
    }
  }

  /**
   * Claims the names of metrics that the thread may register while it is attached, or returns why it claims none,
   * because metrics are registered together or not at all. A name claimed by several requests is counted for each.
   */
  #claim(request: number, metrics: CatalogEntries): ReadonlyArray<NameCollision> {
    const { expositionNames } = this.#runtime.link
    const fresh: Array<Metric.Any> = []
    const collisions = metrics.flatMap(([name]) => {
      const metric = this.#runtime.definition(name)
      if (metric === undefined || !this.#isOpen) return []
      const why = expositionNames.claim([metric])
      if (why !== undefined) return [{ metric: name, other: why.other, as: why.as }]
      fresh.push(metric)
      return []
    })
    this.#claimed.set(request, fresh)
    if (collisions.length > 0) this.#release(request)
    return collisions
  }

  #release(request: number): void {
    this.#runtime.link.expositionNames.release(this.#claimed.get(request) ?? [])
    this.#claimed.delete(request)
  }

  #command({ command, position, recorder, ticket }: ThreadCommand): void {
    const from = { stream: this.#stream.number, ticket }
    this.#stream.sentAt(position)
    if (command._tag === "Open") {
      if (this.#open(command.lane, recorder!, from)) return
      this.#post({ _tag: "Removed", lane: command.lane })
    } else if ("lane" in command && command.lane !== undefined) {
      const hosted = this.#lanes.get(command.lane)
      if (command._tag === "Close") {
        this.#stream.left(command.lane)
        hosted?.lane.left()
        return hosted && this.#remove(hosted)
      }
      const forwarded = hosted && this.#forwarded(hosted, command)
      if (forwarded !== undefined) return this.#threads.forward(this.#stream, from, position, forwarded)
    }
    // What the thread has written after it still waits for it.
    this.#threads.forward(this.#stream, from, position, nothing)
  }

  #open(lane: Lane, recorder: ThreadRecorder, from: { readonly stream: number; readonly ticket: number }): boolean {
    const books = this.#reserved.get(lane)
    if (books === undefined) return false
    const hosted = new HostedLane({
      lane,
      books,
      from,
      stream: this.#stream,
      threads: this.#threads,
      tell: (message) => this.#post({ _tag: "Fold", message }),
      remove: () => this.#post({ _tag: "Removed", lane }),
      isShutDown: () => !this.#runtime.isRunning()
    })
    const control = this.#runtime.makeRecorder(this.threadId, recorder, hosted)
    if (control === undefined) return false
    this.#reserved.delete(lane)
    this.#lanes.set(lane, { lane: hosted, control })
    return true
  }

  #forwarded({ control, lane }: Hosted, command: Command): Command | undefined {
    switch (command._tag) {
      case "Register": {
        const metric = this.#runtime.definition(command.name)
        if (metric !== undefined) control.registered(metric)
        return metric && command
      }
      case "Read":
      case "Delivered":
        return lane.sent(command)
      default:
        return command
    }
  }

  #remove({ control }: Hosted): void {
    for (const [lane, hosted] of this.#lanes) if (hosted.control === control) this.#lanes.delete(lane)
    const removal = this.#runtime.run(this.#runtime.removeRecorder(control))
    this.#removals.add(removal)
    removal.addObserver(() => this.#removals.delete(removal))
  }

  // --- its end

  /** Everything that it had sent has arrived, and it writes no more. */
  readonly #onClose = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    const uncounted = this.#stream.end()
    for (const [number, { lane }] of this.#lanes) lane.end(uncounted?.lane === number ? uncounted.events : 0)
    for (const lane of this.#reserved.keys()) this.#threads.releaseLane(lane)
    this.#runtime.onEnd(this)
  }

  /** All of its recorders are removed. */
  ended(): void {
    for (const request of this.#claimed.keys()) this.#release(request)
    this.#threads.end(this.#stream)
  }
}

/** A command without effect, which replaces one whose recorder no longer exists. */
const nothing: Command = { _tag: "DropRender", request: -1 }
