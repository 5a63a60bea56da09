/**
 * The messages between a runtime and its worker thread: on the channel of the worker's program, and on the stream's
 * port in addition to what is written to shared memory.
 */

import type { MessagePort } from "node:worker_threads"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { Attachment, Lane, StreamNumber } from "./commands.ts"
import type { FoldMessage } from "./foldMessages.ts"
import type { Restore, Saved } from "./restore.ts"

/** The number of pages that the fold of a worker reads before it checks for messages. */
export const PagesAtOnce = 4

/** To a worker thread, on the channel of its program. */
export type ThreadMessage =
  /** Asks a worker for its catalog. The answer shows that messages pass through directly from then on. */
  | {
      readonly _tag: "Hello"
      readonly durable?: DurableSettings | undefined
      readonly states?: StoreSettings | undefined
      readonly shipping?: ShippingSettings | undefined
    }
  /** Asks the packaged worker to import a module, by its URL, for the metrics among its exports. */
  | { readonly _tag: "Import"; readonly module: string }
  /** Asks a worker to send its counts to a store. */
  | { readonly _tag: "Store"; readonly states: StoreSettings }

/** From a worker thread, on the channel of its program. */
export type WorkerMessage =
  | CatalogMessage
  | ImportMessage
  /** The answer to `Store`: with the reason, if the store could not be opened. */
  | { readonly _tag: "StoreOpened"; readonly failure: string | undefined }
  /** The first and last message of a worker that cannot work. `error` is Schema-encoded. */
  | { readonly _tag: "Refused"; readonly error: unknown }
  /** The last message of a worker whose fold died of a defect. */
  | { readonly _tag: "Died"; readonly reason: string }

/** The first message of a worker: its definitions, and the ports for everything that belongs to the stream. */
export interface CatalogMessage {
  readonly _tag: "Catalog"
  readonly metrics: CatalogEntries
  readonly port: MessagePort
  /** For {@link Saved}. It is polled. */
  readonly saved: MessagePort
}

/** The definitions of a worker. */
export type CatalogEntries = ReadonlyArray<readonly [name: string, fingerprint: Fingerprint]>

/** The answer to `Import`: the definitions that the worker has now and had not before, or a Schema-encoded error. */
export type ImportMessage =
  | { readonly _tag: "Imported"; readonly module: string; readonly metrics: CatalogEntries }
  | { readonly _tag: "NotImported"; readonly module: string; readonly error: unknown }

/** How a fold keeps its state beyond the process. */
export interface DurableSettings {
  readonly namespace: string
  /** A folder. Without it the worker has its own store. */
  readonly directory: string | undefined
  /** The contents of the folder's lock while it belongs to this runtime. */
  readonly lock: string | undefined
  readonly intervalMillis: number
  readonly levels: boolean
  readonly keepMillis: number
  /** Whether it starts from what was written. A replacement fold gets the state from the fold before. */
  readonly reads: boolean
}

/** How a fold sends its counts to a store. */
export interface StoreSettings {
  /** A module that makes the store, with its settings. Without it the worker has its own store. */
  readonly store: { readonly url: string; readonly settings: unknown } | undefined
  readonly namespace: string
  /**
   * The id of the writer: the same for all folds of a process, each in an epoch of its own. A durable state has its own
   * id.
   */
  readonly source: string
  readonly epoch: number
  readonly intervalMillis: number
}

/** How a fold has its events appended to a store. */
export interface ShippingSettings {
  readonly namespace: string
  /** The fold's first id in the store. */
  readonly source: string
  /** A module that makes the store. `undefined`: the fold has its own. */
  readonly store: unknown
  readonly intervalMillis: number
  /** The maximum number of bytes kept for the store, and what happens to events that exceed it. */
  readonly memoryLimit: number
  readonly overflow: "backpressure" | "drop-newest"
  /** How long committed events are kept in case the store loses them. */
  readonly graceMillis: number
  readonly heartbeatMillis: number
}

/** To the fold of a worker thread, on the stream's port, in addition to what is written to shared memory. */
export type FoldRequest =
  /**
   * The first message: the shared memory that the threads use to wake each other, and in which the fold records its
   * place.
   */
  | {
      readonly _tag: "Start"
      readonly control: SharedArrayBuffer
      readonly place: SharedArrayBuffer
      readonly restore?: Restore
    }
  /** Announces the stream of an attached thread, with these words. */
  | { readonly _tag: "Stream"; readonly stream: StreamNumber; readonly words: SharedArrayBuffer }
  /** Shared memory whose pages are numbered from `first`, in the main stream or another one. */
  | {
      readonly _tag: "Memory"
      readonly stream?: StreamNumber
      readonly first: number
      readonly buffer: ArrayBufferLike
    }
  | { readonly _tag: "Attach"; readonly attachments: ReadonlyArray<Attachment> }
  /** How many values of answers were received in all, in earlier turns of the event loop. */
  | { readonly _tag: "Taken"; readonly values: number }
  | Unwanted
  /** The answer to `Idle`: the fold may sleep, and the next message wakes it. */
  | { readonly _tag: "Sleep" }
  /** There are new rows. */
  | { readonly _tag: "Wake" }

/** From the fold of a worker thread, on the stream's port. */
export type FoldReply =
  | FoldMessage
  /** No rows have arrived for a while. */
  | { readonly _tag: "Idle" }

/** The rest of an answer is no longer wanted. */
export interface Unwanted {
  readonly _tag: "Unwanted"
  readonly lane: Lane
  readonly request: number
}
