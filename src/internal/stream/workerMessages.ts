/**
 * The messages between a runtime and its worker thread: on the channel of the worker's program, and on the port of the
 * stream, beside what is written to shared memory.
 */

import type { MessagePort } from "node:worker_threads"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { Attachment, Lane, StreamNumber } from "./commands.ts"
import type { FoldMessage } from "./foldMessages.ts"
import type { Restore, Saved } from "./restore.ts"

/** Pages that the fold of a worker reads between two looks at its messages. */
export const PagesAtOnce = 4

/** To a worker thread, on the channel of its program. */
export type ThreadMessage =
  /** Asks a worker for its catalog: the answer shows that messages go straight through from then on. */
  | {
      readonly _tag: "Hello"
      readonly durable?: DurableSettings | undefined
      readonly states?: StoreSettings | undefined
      readonly shipping?: ShippingSettings | undefined
    }
  /** Asks the packaged worker to import a module, by its URL, for the metrics among its exports. */
  | { readonly _tag: "Import"; readonly module: string }
  /** Asks a worker to tell a store what it counts. */
  | { readonly _tag: "Store"; readonly states: StoreSettings }

/** From a worker thread, on the channel of its program. */
export type WorkerMessage =
  | CatalogMessage
  | ImportMessage
  /** The answer to `Store`: with the reason, if the store could not be opened. */
  | { readonly _tag: "StoreOpened"; readonly failure: string | undefined }
  /** The first and last word of a worker that cannot work; `error` is Schema-encoded. */
  | { readonly _tag: "Refused"; readonly error: unknown }
  /** The last word of a worker whose fold died of a defect. */
  | { readonly _tag: "Died"; readonly reason: string }

/** The first word of a worker: the definitions it has, and the ports for all that belongs to the stream. */
export interface CatalogMessage {
  readonly _tag: "Catalog"
  readonly metrics: CatalogEntries
  readonly port: MessagePort
  /** For {@link Saved}. It is asked whether something has come. */
  readonly saved: MessagePort
}

/** Definitions that a worker has. */
export type CatalogEntries = ReadonlyArray<readonly [name: string, fingerprint: Fingerprint]>

/** The answer to `Import`: the definitions that the worker has now and had not before, or a Schema-encoded error. */
export type ImportMessage =
  | { readonly _tag: "Imported"; readonly module: string; readonly metrics: CatalogEntries }
  | { readonly _tag: "NotImported"; readonly module: string; readonly error: unknown }

/** How a fold keeps its state beyond the process. */
export interface DurableSettings {
  readonly namespace: string
  /** A folder; without it the worker has a store of its own. */
  readonly directory: string | undefined
  /** What the lock of the folder has as long as it is this runtime's. */
  readonly lock: string | undefined
  readonly intervalMillis: number
  readonly levels: boolean
  readonly keepMillis: number
  /** Whether it begins with what was written. A fold that takes the place of another one has that from it. */
  readonly reads: boolean
}

/** How a fold tells a store what it counts. */
export interface StoreSettings {
  /** A module that makes the store, with its settings; without it the worker has a store of its own. */
  readonly store: { readonly url: string; readonly settings: unknown } | undefined
  readonly namespace: string
  /** Who writes: the same for all folds of a process, each in an epoch of its own. A durable state has its own. */
  readonly source: string
  readonly epoch: number
  readonly intervalMillis: number
}

/** How a fold has its events appended to a store. */
export interface ShippingSettings {
  readonly namespace: string
  /** The id that the fold has in the store, first. */
  readonly source: string
  /** A module that makes the store. `undefined`: the fold has it. */
  readonly store: unknown
  readonly intervalMillis: number
  /** Most bytes that are kept for the store, and what becomes of events for which there is no room. */
  readonly memoryLimit: number
  readonly overflow: "backpressure" | "drop-newest"
  /** How long what was committed is kept for a store that loses it. */
  readonly graceMillis: number
  readonly heartbeatMillis: number
}

/** To the fold of a worker thread, on the stream's port, beside what is written to shared memory. */
export type FoldRequest =
  /** First: the shared memory by which the threads wake each other, and in which the fold leaves its place. */
  | {
      readonly _tag: "Start"
      readonly control: SharedArrayBuffer
      readonly place: SharedArrayBuffer
      readonly restore?: Restore
    }
  /** There is the stream of an attached thread, with these words. */
  | { readonly _tag: "Stream"; readonly stream: StreamNumber; readonly words: SharedArrayBuffer }
  /** Shared memory whose pages have numbers from `first` on, in the main stream or another one. */
  | {
      readonly _tag: "Memory"
      readonly stream?: StreamNumber
      readonly first: number
      readonly buffer: ArrayBufferLike
    }
  | { readonly _tag: "Attach"; readonly attachments: ReadonlyArray<Attachment> }
  /** So many values of answers were received in all, in turns of the event loop before this one. */
  | { readonly _tag: "Taken"; readonly values: number }
  | Unwanted
  /** The answer to `Idle`: it may sleep, and is woken by the next message. */
  | { readonly _tag: "Sleep" }
  /** There are new rows. */
  | { readonly _tag: "Wake" }

/** From the fold of a worker thread, on the stream's port. */
export type FoldReply =
  | FoldMessage
  /** No rows have come for a while. */
  | { readonly _tag: "Idle" }

/** Nobody waits for the rest of an answer. */
export interface Unwanted {
  readonly _tag: "Unwanted"
  readonly lane: Lane
  readonly request: number
}
