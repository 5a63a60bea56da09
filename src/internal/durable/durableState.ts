/** Keeps the state of a fold beyond its process, as one value of a store. */
import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import { LeftStates } from "../fold/leftStates.ts"
import type { PackedMetric } from "../fold/packedMetric.ts"
import { DurableStateError } from "../model/runtimeErrors.ts"
import type { DurableSettings } from "../stream/workerMessages.ts"
import { takeAll } from "../util/takeAll.ts"
import type { ValueStore } from "./folderStore.ts"
import { type Identity, type KeptState, readState, StateWriter, type Unusable } from "./format.ts"
import { LiveStates } from "./liveStates.ts"
import { keyOf, placeOf } from "./places.ts"
import { type KeepingThread, type Making, StateRounds } from "./stateRounds.ts"

export interface DurableOptions extends KeepingThread {
  readonly store: ValueStore
  readonly settings: DurableSettings
}

export class DurableState extends StateRounds {
  protected readonly live: LiveStates
  readonly #options: DurableOptions
  readonly #left: LeftStates
  #leftChanges = 0
  /** Whether what is written differs from the current state. */
  #isDirty = false
  #identity: Identity | undefined

  constructor(options: DurableOptions) {
    const { fold, settings } = options
    super(options, "durable", settings.intervalMillis)
    this.#options = options
    this.#left = new LeftStates({ levels: settings.levels })
    this.live = new LiveStates({
      fold,
      by: "durable",
      addsUp: false,
      pack: (recorderId, each) => this.#left.pack(recorderId, each)
    })
    fold.left = this.#left
    fold.keepers.add("durable", (end) => this.ask(end))
  }

  get left(): LeftStates {
    return this.#left
  }

  get reads(): boolean {
    return this.#options.settings.reads
  }

  get #kept(): Effect.Effect<KeptState | undefined, DurableStateError> {
    const { settings, store } = this.#options
    const refused = (problem: DurableStateError["problem"], reason: string) =>
      new DurableStateError({ path: placeOf(settings), problem, reason })
    return Effect.flatMap(
      Effect.mapError(store.getUint8Array(keyOf(settings.namespace)), (error) =>
        refused("unreadable", `could not be read: ${error.message}`)
      ),
      (bytes) => {
        const kept: KeptState | Unusable | undefined = bytes && readState(bytes, settings.namespace)
        return kept !== undefined && "problem" in kept
          ? Effect.fail(refused(kept.problem, kept.reason))
          : Effect.succeed(kept)
      }
    )
  }

  /** Reads what was written, before the fold reads anything. */
  get load(): Effect.Effect<void, DurableStateError> {
    const { keepMillis, reads } = this.#options.settings
    return Effect.gen({ self: this }, function* () {
      const kept = reads ? yield* this.#kept : undefined
      if (kept !== undefined) {
        const now = Date.now()
        // A recorder that existed at the end counts as missing from now on, however long no process was running.
        const metrics = kept.metrics
          .map((packed) => ({ ...packed, goneSince: packed.goneSince ?? now }))
          .filter(({ goneSince }) => goneSince === now || goneSince > now - keepMillis)
        this.#left.begin(metrics, kept.measured, kept.shapes)
        this.#wrote(kept.savedAt, 0)
      }
      this.arm()
    })
  }

  /**
   * The identity of the writer from now on. It is written with the state before it is used elsewhere, so that no epoch
   * is used twice.
   */
  get identify(): Effect.Effect<Identity, DurableStateError> {
    return Effect.map(this.#kept, (kept) => {
      const { epoch, source } = this.#identity ?? kept?.identity ?? { source: randomUUID(), epoch: 0 }
      this.#identity = { source, epoch: epoch + 1 }
      this.#isDirty = true
      return this.#identity
    })
  }

  protected make(): Making | undefined {
    const { namespace } = this.#options.settings
    const savedAt = Date.now()
    // The events of removed recorders are included in the states that they left.
    const events = this.live.events + this.#left.folded
    if (takeAll(this.live.changed).size > 0) this.#isDirty = true
    if (!this.#isDirty && this.#leftChanges === this.#left.changes) {
      this.#wrote(savedAt, events)
      this.#forget()
      return undefined
    }
    const metrics: Array<PackedMetric> = []
    for (const packed of this.#left.states()) {
      if (this.live.has(packed)) continue
      metrics.push({ ...packed, goneSince: packed.goneSince ?? savedAt })
    }
    metrics.push(...this.live.states())
    const leftChanges = this.#left.changes
    this.#isDirty = false
    const { measured, shapes } = this.#left
    const writer = new StateWriter({ namespace, savedAt, measured, shapes, metrics, identity: this.#identity })
    return {
      goOn: (most) => writer.goOn(most),
      write: Effect.as(
        Effect.suspend(() => this.#options.store.set(keyOf(namespace), writer.bytes)),
        true
      ),
      onWritten: () => {
        this.#wrote(savedAt, events)
        this.#leftChanges = leftChanges
        this.#forget()
      },
      onFailed: (reason) => {
        this.#isDirty = true
        this.thread.fold.send({ _tag: "StateNotWritten", by: "durable", reason })
      }
    }
  }

  #forget(): void {
    this.#left.forget(this.thread.covered(), (packed, byAnyDefinition) => this.live.has(packed, byAnyDefinition))
  }

  #wrote(savedAt: number, events: number): void {
    this.thread.fold.send({ _tag: "StateWritten", by: "durable", savedAt, events })
  }
}
