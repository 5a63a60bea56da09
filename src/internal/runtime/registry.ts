/**
 * The recorders of a runtime by id: making, finding, stopping and removing them. Racing makers and removers have one
 * winner.
 */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { notBlank, refuse, whyInvalid, whyInvalidOptions } from "../model/optionChecks.ts"
import type { StopError } from "../model/recorderErrors.ts"
import { type CreateError, RecorderAlreadyExists, RecorderNotFound, type ShareError } from "../model/runtimeErrors.ts"
import type { Stats } from "../model/stats.ts"
import { InvalidState } from "../model/usageErrors.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { isInHook } from "../recorder/hookGuard.ts"
import type { Log } from "../recorder/logging.ts"
import { makeRecorder } from "../recorder/makeRecorder.ts"
import { type RecorderOptions, recorderOptionChecks } from "../recorder/options.ts"
import type { RecorderService } from "../recorder/service.ts"
import { atMost, giveUpAfter } from "../util/liveClock.ts"
import { entityIdOf } from "./entityId.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RuntimeOptions } from "./options.ts"
import { type DecidedOptions, type Registry, SharedRecorders } from "./sharedRecorders.ts"
import { DefaultTotal, Totals } from "./totals.ts"

/** What somebody wants to do with a recorder that has stopped, before it is gone. */
type Farewell = (control: RecorderControl) => Effect.Effect<unknown, unknown>

/** A recorder of this runtime. `removing` is set by the first of those who want to remove it. */
interface Registered {
  readonly control: RecorderControl
  /** Where it goes when it is removed. */
  readonly total: string | false
  removing: boolean
}

interface RegistryOptions {
  readonly namespace: string
  readonly lifecycle: RuntimeLifecycle
  readonly log: Log
  /** Those of the runtime, which are defaults. */
  readonly defaults: RuntimeOptions
  readonly shutdownTimeout: Duration.Input
}

export class RecorderRegistry implements Registry {
  readonly namespace: string
  readonly #options: RegistryOptions
  readonly #recorders = new Map<string, Registered>()
  /** Events that recorders accepted which are removed. */
  #acceptedBefore = 0
  readonly #farewells = new Set<Farewell>()
  readonly #shared = new SharedRecorders(this)
  readonly #totals: Totals

  constructor(options: RegistryOptions) {
    this.namespace = options.namespace
    this.#options = options
    const { lifecycle, log, namespace } = options
    this.#totals = new Totals({ namespace, log, inBackground: (effect) => void lifecycle.inBackground(effect) })
    if (this.#defaultTotal !== false) this.#totals.reserve(this.#defaultTotal)
  }

  /** Where states are durable, what a recorder leaves is for the next one of its id. */
  get #defaultTotal(): string | false {
    const { durable, totalOfRemoved } = this.#options.defaults
    return totalOfRemoved ?? (durable === undefined ? DefaultTotal : false)
  }

  controlOf(recorderId: string): RecorderControl | undefined {
    return this.#recorders.get(recorderId)?.control
  }

  get controls(): ReadonlyArray<RecorderControl> {
    return Array.from(this.#recorders.values(), ({ control }) => control)
  }

  /** Those that stand for recorders which were removed. */
  get totals(): ReadonlyArray<RecorderControl> {
    return this.#totals.controls
  }

  /** The id of the total of a recorder, which may be one; its own, if it has none. */
  totalIdOf({ service: { recorderId } }: RecorderControl): string {
    return this.#recorders.get(recorderId)?.total || recorderId
  }

  statsOf(control: RecorderControl): Stats {
    return this.#totals.statsOf(control) ?? control.statsUnsafe()
  }

  // --- making

  /** The recorder that all users of this id share. */
  use<R>(id: string, own?: RecorderOptions<R>): Effect.Effect<RecorderService, ShareError, R | Scope.Scope> {
    return Effect.flatMap(this.#decide(id, own), ({ decided, id }) =>
      Effect.map(this.#shared.use(id, decided), ({ service }) => service)
    )
  }

  createNew<R>(id: string, own?: RecorderOptions<R>): Effect.Effect<RecorderService, CreateError, R> {
    return Effect.flatMap(this.#decide(id, own), ({ decided, id }) =>
      Effect.map(this.create(id, decided), ({ service }) => service)
    )
  }

  /** Makes a recorder without starting it. */
  makeIdle<R>(
    id: string,
    own?: RecorderOptions<R>
  ): Effect.Effect<RecorderService, InvalidState | RecorderAlreadyExists, R> {
    return Effect.flatMap(this.#decide(id, own), ({ decided, id }) =>
      Effect.contextWith((context: Context.Context<R>) =>
        Effect.map(this.#make(id, decided, context), ({ service }) => service)
      )
    )
  }

  create<R>(
    id: string,
    decided: DecidedOptions<R>,
    onMade?: (control: RecorderControl) => void
  ): Effect.Effect<RecorderControl, CreateError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const control = yield* this.#make(id, decided, yield* Effect.context<R>())
        onMade?.(control)
        // Nobody has a recorder that does not start.
        yield* Effect.onError(restore(control.startUnasked), () => this.#discard(control))
        return control
      })
    )
  }

  /** What is asked for, with its defaults, before anything is done. */
  #decide<R>(
    recorderId: string,
    own: RecorderOptions<R> | undefined
  ): Effect.Effect<{ readonly id: string; readonly decided: DecidedOptions<R> }, InvalidState> {
    return Effect.gen({ self: this }, function* () {
      const id = yield* idOf(recorderId)
      yield* refuse(whyInvalidOptions(own, recorderOptionChecks))
      const { defaults, lifecycle, shutdownTimeout } = this.#options
      if (!lifecycle.isRunning) return yield* this.#notRunning()
      const decide = <Option extends keyof typeof recorderDefaults>(option: Option) =>
        own?.[option] ?? defaults[option] ?? recorderDefaults[option]
      const decided = {
        ...own,
        entityId: (own?.entityId ?? id).trim(),
        capacity: decide("capacity"),
        overflow: decide("overflow"),
        backpressureTimeout: decide("backpressureTimeout"),
        logging: decide("logging"),
        shutdownTimeout: own?.shutdownTimeout ?? shutdownTimeout,
        waitTimeout: decide("waitTimeout"),
        totalOfRemoved: totalId(own?.totalOfRemoved ?? this.#defaultTotal)
      }
      return { id, decided }
    })
  }

  #notRunning(): InvalidState {
    return this.#options.lifecycle.invalidState(
      "create a recorder",
      "Start the runtime first. A runtime that has closed or failed cannot be restarted; create a new one"
    )
  }

  /** In one synchronous step: racing creates have one winner, and none slips past a shutdown. */
  #make<R>(
    recorderId: string,
    decided: DecidedOptions<R>,
    context: Context.Context<R>
  ): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> {
    return Effect.suspend((): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> => {
      const { namespace } = this
      const { isRunning, link } = this.#options.lifecycle
      if (!isRunning) return Effect.fail(this.#notRunning())
      const { totalOfRemoved: total, ...options } = decided
      const taken = (id: string) => Effect.fail(new RecorderAlreadyExists({ recorderId: id, namespace }))
      if (this.#recorders.has(recorderId) || this.#totals.isReserved(recorderId)) return taken(recorderId)
      if (total !== false && (total === recorderId || this.#recorders.has(total))) return taken(total)
      const entityId = entityIdOf(decided.entityId)
      const control = makeRecorder<R>({ ...options, entityId, recorderId, namespace, link: link! }, context)
      if (total !== false) this.#totals.reserve(total)
      this.#recorders.set(recorderId, { control, total, removing: false })
      return Effect.as(control.logMade, control)
    })
  }

  #discard(control: RecorderControl): Effect.Effect<void> {
    return Effect.suspend(() => {
      const id = control.service.recorderId
      // A shutdown may have removed it.
      if (this.#recorders.get(id)?.control !== control) return Effect.void
      return control.remove(this.#forget(control))
    })
  }

  // --- finding

  get(recorderId: string): Effect.Effect<RecorderService, RecorderNotFound> {
    return Effect.flatMap(this.#registered(recorderId), ({ control }) =>
      Effect.as(this.#options.log.inspection(`looked up the recorder ${control.service.recorderId}`), control.service)
    )
  }

  find(recorderId: string): Effect.Effect<Option.Option<RecorderService>> {
    return Effect.flatMap(idOf(recorderId), (id) =>
      Effect.as(
        this.#options.log.inspection(`looked for the recorder ${id}`),
        Option.map(Option.fromUndefinedOr(this.#recorders.get(id)), ({ control }) => control.service)
      )
    )
  }

  get ids(): Effect.Effect<ReadonlyArray<string>> {
    return Effect.andThen(
      this.#options.log.inspection("listed the recorders"),
      Effect.sync(() => [...this.#recorders.keys()])
    )
  }

  #registered(recorderId: string): Effect.Effect<Registered, RecorderNotFound> {
    return Effect.flatMap(idOf(recorderId), (id) => {
      const registered = this.#recorders.get(id)
      return registered === undefined
        ? Effect.fail(new RecorderNotFound({ recorderId: id, namespace: this.namespace }))
        : Effect.succeed(registered)
    })
  }

  /** Fails in a hook of one of the recorders, for which a read of all of them may wait. */
  get refuseReadInHook(): Effect.Effect<void, InvalidState> {
    return Effect.withFiber((fiber) => {
      const controls = isInHook(fiber) ? this.controls : []
      const refusals = controls.map((control) => control.whyNotReadIn(fiber))
      return refuse(refusals.find((refusal) => refusal !== undefined))
    })
  }

  // --- stopping and removing

  stop(recorderId: string): Effect.Effect<void, RecorderNotFound | StopError> {
    return Effect.flatMap(this.#registered(recorderId), ({ control }) =>
      control.stateUnsafe() === "Stopped" ? Effect.void : control.service.stop
    )
  }

  stopAndRemove(recorderId: string): Effect.Effect<void, RecorderNotFound | StopError> {
    return Effect.gen({ self: this }, function* () {
      const registered = yield* this.#registered(recorderId)
      const { control } = registered
      yield* control.refuseInHook("be removed")
      if (registered.removing) {
        return yield* new InvalidState({
          subject: "recorder",
          id: control.service.recorderId,
          state: control.stateUnsafe(),
          operation: "be removed",
          hint: "Its removal is already under way"
        })
      }
      return yield* this.#stopAndBury(registered)
    })
  }

  isBeingRemoved({ service }: RecorderControl): boolean {
    return this.#recorders.get(service.recorderId)?.removing === true
  }

  remove(control: RecorderControl): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      const registered = this.#recorders.get(control.service.recorderId)
      return registered?.control !== control || registered.removing ? Effect.void : this.#stopAndBury(registered)
    })
  }

  #stopAndBury(registered: Registered): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      const { control } = registered
      registered.removing = true
      const ended = Effect.ensuring(control.close, this.bury(control))
      return Effect.flatMap(Effect.forkDetach(ended, { startImmediately: true }), Fiber.join)
    })
  }

  /** Removes a recorder that has stopped, when those who want to have read it for the last time. */
  bury(control: RecorderControl): Effect.Effect<void> {
    // A reader that does not end must not keep a recorder from being removed.
    const most = atMost("1 second", this.#options.shutdownTimeout)
    return Effect.andThen(
      Effect.forEach(this.#farewells, (tell) => giveUpAfter(most)(Effect.exit(Effect.suspend(() => tell(control)))), {
        concurrency: "unbounded",
        discard: true
      }),
      Effect.suspend(() => {
        const total = this.#forget(control)
        return Effect.andThen(control.remove(total), this.#shared.removed(control))
      })
    )
  }

  /** In the step in which it leaves its lane: who reads sees its numbers in it, or in its total, which is given back. */
  #forget(control: RecorderControl): RecorderControl | undefined {
    const { recorderId } = control.service
    const total = this.#recorders.get(recorderId)?.total ?? false
    this.#recorders.delete(recorderId)
    this.#acceptedBefore += control.statsUnsafe().accepted
    const { isRunning, link } = this.#options.lifecycle
    // With a runtime that ends, all of its recorders do.
    return total === false || !isRunning ? undefined : this.#totals.of(control, total, link!)
  }

  /** Events that recorders have ever accepted. */
  get accepted(): number {
    return this.controls.reduce((sum, control) => sum + control.statsUnsafe().accepted, this.#acceptedBefore)
  }

  /** It gives what undoes this. */
  onFarewell(tell: Farewell): () => void {
    this.#farewells.add(tell)
    return () => void this.#farewells.delete(tell)
  }
}

const idOf = (recorderId: string): Effect.Effect<string> =>
  Effect.map(refuse(whyInvalid("recorderId", recorderId, notBlank)), () => recorderId.trim())

const totalId = (id: string | false): string | false => (id === false ? false : id.trim())
